"""The files of an exported model and what is written into them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_train.errors import TrainingError
from emotion_train.experiment import Experiment, Settings

WEIGHTS_DIGEST = "weights_sha256"


class ExportError(TrainingError):
    """A run cannot be exported; the message says why."""


@dataclass(frozen=True)
class ExportedModel:
    """The files of one exported model.

    Attributes:
        graph: ONNX, for the robot.
        weights: safetensors, for training.
        temperature: by which the graph divides its logits.
    """

    graph: Path
    weights: Path
    temperature: float


def describe_model(experiment: Experiment, temperature: float, **more: str) -> dict[str, str]:
    """Return the metadata that every exported model carries, and what is said besides."""
    return {
        "labels": json.dumps(LABELS),
        "version": importlib.metadata.version("emotion-train"),
        "temperature": repr(temperature),
        **more,
        "experiment": _without_places(experiment).model_dump_json(),
    }


def _without_places(experiment: Experiment) -> Experiment:
    """Return the experiment without the places of other runs on this computer."""
    update: dict[str, Settings] = {}
    if (start := experiment.start) is not None and start.weights.is_absolute():
        weights = Path(start.weights.parent.name, start.weights.name)
        update["start"] = start.model_copy(update={"weights": weights})
    if (distillation := experiment.distillation) is not None:
        teachers = tuple(Path(path.name) for path in distillation.teachers)
        update["distillation"] = distillation.model_copy(update={"teachers": teachers})
    return experiment.model_copy(update=update)


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round kernels to half precision, so that the weights file needs half the room."""
    for parameter in network.parameters():
        if parameter.ndim > 1:
            parameter.copy_(parameter.half())


def save_weights(
    network: nn.Module, path: Path, metadata: dict[str, str], *, rounded: bool = False
) -> dict[str, str]:
    """Write a network's weights.

    Args:
        network: whose.
        path: its folder is created.
        metadata: written into the file.
        rounded: whether kernels are kept in half precision, see `round_weights`.

    Returns:
        The metadata with the digest of the file, for the graph that belongs to it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    state = network.state_dict()
    save_file({name: _stored(value, rounded) for name, value in state.items()}, path, metadata)
    path.chmod(0o644)
    return metadata | {WEIGHTS_DIGEST: hashlib.sha256(path.read_bytes()).hexdigest()}


def describe_graph(path: Path, metadata: dict[str, str]) -> None:
    """Check an ONNX file and write these metadata into it."""
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _stored(value: Tensor, rounded: bool) -> Tensor:
    kernel = rounded and value.is_floating_point() and value.ndim > 1
    return (value.half() if kernel else value).contiguous()
