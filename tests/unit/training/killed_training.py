"""A training that dies on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emotion_train.tasks.base import TaskModule


class KilledError(RuntimeError):
    pass


@contextmanager
def killed_in_step(module: type[TaskModule], fatal: int) -> Iterator[None]:
    """Let a training of such modules die in a step, counted from one."""
    original = module.training_step
    steps = 0

    def step_until_killed(self: TaskModule, batch: object) -> object:
        nonlocal steps
        steps += 1
        if steps == fatal:
            raise KilledError
        return original(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "training_step", step_until_killed)
        with pytest.raises(KilledError):
            yield
