"""Writing a torch module as an ONNX graph."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

OPSET = 17


def export_graph(
    module: nn.Module,
    example: torch.Tensor | tuple[torch.Tensor, ...],
    path: Path,
    *,
    input_name: str | Sequence[str],
    output_names: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
) -> None:
    """Trace ``module`` on ``example`` and write the graph to ``path``, replacing it at once.

    Args:
        module: the network; it is put into evaluation mode.
        example: one input of the right dtype and rank, or several.
        path: where the graph goes; its folder is created.
        input_name: name of the only input, or those of several.
        output_names: names of the outputs in the order ``module`` returns them.
        dynamic_axes: for each tensor name, the axes that may change and what they are called.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    module.eval()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # The tracing exporter is the one that needs no further package; torch calls it legacy.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", category=UserWarning, message=".*advanced indexing.*")
            warnings.simplefilter("ignore", torch.jit.TracerWarning)
            torch.onnx.export(
                module,
                (example,) if isinstance(example, torch.Tensor) else example,
                str(partial),
                input_names=[input_name] if isinstance(input_name, str) else list(input_name),
                output_names=list(output_names),
                dynamic_axes={name: dict(axes) for name, axes in dynamic_axes.items()},
                opset_version=OPSET,
                dynamo=False,
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
