"""Learning from trained networks: a student matches what they say of a sample (Hinton, 2015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor
from typing_extensions import Self

from emotion_train.errors import TrainingError
from emotion_train.experiment import Distillation
from emotion_train.runs import load_run
from emotion_train.tasks.base import TaskModule


class Teachers:
    """Trained modules whose mean opinion counts.

    They are no part of the student: its checkpoints hold nothing of them.

    Args:
        modules: of the student's task.
        settings: how much they count.
    """

    def __init__(self, modules: Sequence[TaskModule], settings: Distillation) -> None:
        self._modules = [module.eval().requires_grad_(False) for module in modules]
        self._settings = settings

    def to(self, device: torch.device) -> Self:
        """Move them to a device."""
        for module in self._modules:
            module.to(device)
        return self

    @torch.no_grad()
    def probabilities(self, ask: Callable[[TaskModule], Tensor]) -> Tensor:
        """Return their mean softened probabilities (N, C).

        Args:
            ask: gives the logits (N, C) of one of them.
        """
        temperature = self._settings.temperature
        opinions = [(ask(module).float() / temperature).softmax(dim=1) for module in self._modules]
        return torch.stack(opinions).mean(dim=0)

    def loss(self, logits: Tensor, ask: Callable[[TaskModule], Tensor]) -> Tensor:
        """Return the weighted cross-entropy of a student's logits (N, C) with their opinion.

        The square of the temperature keeps the gradient's size whatever the temperature.
        """
        temperature = self._settings.temperature
        opinion = self.probabilities(ask)
        distance = functional.cross_entropy(logits.float() / temperature, opinion)
        return self._settings.weight * temperature**2 * distance


def load_teachers(settings: Distillation, student: TaskModule) -> Teachers:
    """Read the best checkpoints of the teachers' runs.

    Raises:
        CheckpointError: if one of them cannot be used.
        ExperimentError: if a run's experiment cannot be read.
        TrainingError: if a teacher has another task than the student.
    """
    modules = []
    for run in settings.teachers:
        module = load_run(run)[2]
        if type(module) is not type(student):
            raise TrainingError(f"{run} cannot teach: it is a run of another task")
        modules.append(module)
    return Teachers(modules, settings)
