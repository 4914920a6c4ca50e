"""Opening what a run has kept."""

from __future__ import annotations

from pathlib import Path

from emotion_train.checkpoints import BEST, load_weights
from emotion_train.experiment import Experiment
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.registry import Task, load_experiment

RESOLVED = "experiment.yaml"
"""File in a run's folder with all its settings."""


def load_run(directory: Path, checkpoint: str = BEST) -> tuple[Experiment, Task, TaskModule]:
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
