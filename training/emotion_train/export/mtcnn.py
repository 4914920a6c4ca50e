"""MTCNN's three networks as ONNX graphs, so that the robot detects faces without torch.

The weights are those inside the facenet-pytorch wheel (Zhang et al., 2016).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from facenet_pytorch.models import mtcnn
from torch import nn

from emotion_train.export.onnx_graph import OPSET, export_graph

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Stage:
    """One network of the cascade: its class, the side of its input and its outputs in order."""

    name: str
    network: type[nn.Module]
    side: int
    outputs: tuple[str, ...]
    fully_convolutional: bool


STAGES = (
    Stage("pnet", mtcnn.PNet, 12, ("regression", "probability"), fully_convolutional=True),
    Stage("rnet", mtcnn.RNet, 24, ("regression", "probability"), fully_convolutional=False),
    Stage(
        "onet",
        mtcnn.ONet,
        48,
        ("regression", "landmarks", "probability"),
        fully_convolutional=False,
    ),
)


def export_mtcnn(directory: Path) -> list[Path]:
    """Write ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx`` into ``directory``.

    Each graph takes ``images``, float32 (N, 3, H, W) RGB as (value - 127.5) / 128; H and W are free
    for pnet, 24 for rnet and 48 for onet. Files that are already up to date stay untouched.

    Returns:
        The files written now; empty when all were up to date.
    """
    manifest_path = directory / MANIFEST
    current = _manifest()
    paths = [directory / f"{stage.name}.onnx" for stage in STAGES]
    if _read(manifest_path) == current and all(path.is_file() for path in paths):
        return []
    manifest_path.unlink(missing_ok=True)
    for stage, path in zip(STAGES, paths, strict=True):
        spatial = {2: "height", 3: "width"} if stage.fully_convolutional else {}
        axes: dict[str, dict[int, str]] = {"images": {0: "batch", **spatial}}
        for output in stage.outputs:
            rows = {2: "rows", 3: "columns"} if stage.fully_convolutional else {}
            axes[output] = {0: "batch", **rows}
        export_graph(
            stage.network(),
            torch.zeros(2, 3, stage.side, stage.side),
            path,
            input_name="images",
            output_names=stage.outputs,
            dynamic_axes=axes,
        )
    manifest_path.write_text(json.dumps(current, indent=2) + "\n", encoding="utf-8")
    return paths


def _manifest() -> dict[str, object]:
    weights = Path(mtcnn.__file__).parent.parent / "data"
    return {
        "facenet_pytorch": importlib.metadata.version("facenet-pytorch"),
        "opset": OPSET,
        "weights_sha256": {
            stage.name: hashlib.sha256((weights / f"{stage.name}.pt").read_bytes()).hexdigest()
            for stage in STAGES
        },
    }


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
