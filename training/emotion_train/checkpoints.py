"""Reading what a run has kept."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from lightning import LightningModule
from torch import Tensor, nn

from emotion_train.experiment import Experiment
from emotion_train.fit import BEST, RESOLVED
from emotion_train.tasks.registry import Task, load_experiment


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message names the file and the fault."""


def load_run(directory: Path, checkpoint: str = BEST) -> tuple[Experiment, Task, LightningModule]:
    """Read a run's experiment and the weights of one of its checkpoints.

    Args:
        directory: the run's folder.
        checkpoint: name of the checkpoint without suffix.

    Returns:
        The experiment, its task, and the module in evaluation mode with those weights.

    Raises:
        CheckpointError: if the checkpoint is missing, damaged or of another architecture.
        ExperimentError: if the run's experiment cannot be read.
    """
    experiment, task = load_experiment(directory / RESOLVED)
    module = task.module(experiment)
    load_weights(module, directory / f"{checkpoint}.ckpt")
    return experiment, task, module.eval()


def load_weights(module: nn.Module, path: Path) -> None:
    """Load a Lightning checkpoint's weights into ``module``.

    Only tensors and plain values are read, never code.

    Raises:
        CheckpointError: if the file is missing, damaged or of another architecture.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        state: dict[str, Tensor] = content["state_dict"]
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} is not a readable checkpoint: {error}") from error
    load_state(module, state, str(path))


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
