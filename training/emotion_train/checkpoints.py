"""Reading trained weights."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from emotion_train.errors import TrainingError
from emotion_train.tasks.base import TaskModule

BEST, LAST = "best", "last"
"""Names of a run's checkpoints, without suffix."""
SAFETENSORS = ".safetensors"


class CheckpointError(TrainingError):
    """A checkpoint cannot be used; the message names the file and the fault."""


def load_weights(module: TaskModule, path: Path) -> None:
    """Load a run's checkpoint (``.ckpt``) or its network's weights (``.safetensors``).

    Only tensors and plain values are read, never code.

    Raises:
        CheckpointError: if the file is missing, damaged or of another architecture.
    """
    target: nn.Module = module.network if path.suffix == SAFETENSORS else module
    load_state(target, read_state(path), str(path))


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the weights in a run's checkpoint (``.ckpt``) or a ``.safetensors``.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}")
    try:
        if path.suffix == SAFETENSORS:
            return load_file(path)
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)[
            "state_dict"
        ]
    except (
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        pickle.UnpicklingError,
        SafetensorError,
    ) as error:
        raise CheckpointError(f"{path} holds no readable weights: {error}") from error
    return state


def load_state(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load a state dictionary, every name and shape of which must match.

    Raises:
        CheckpointError: at the first difference; the message names it and ``source``.
    """
    expected = module.state_dict()
    missing = sorted(expected.keys() - state.keys())
    surplus = sorted(state.keys() - expected.keys())
    if missing or surplus:
        fault = f"lacks {missing[0]}" if missing else f"has the surplus {surplus[0]}"
        raise CheckpointError(f"{source} is of another architecture: it {fault}")
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{source} is of another architecture: {name} has shape "
                f"{tuple(state[name].shape)}, not {tuple(tensor.shape)}"
            )
    module.load_state_dict(state)
