"""The moving average of the weights."""

from __future__ import annotations

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

WARM_UP = 10


class MovingAverage(WeightAveraging):
    """Exponential moving average of weights and buffers, validated and kept instead of them.

    The decay grows from near zero to its final value, (1 + n) / (10 + n) after n steps at most, so
    that the random start is forgotten soon.

    Args:
        decay: final share of the average that one step keeps, in (0, 1).
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        super().__init__(multi_avg_fn=self._update)

    @torch.no_grad()
    def _update(self, averages: list[Tensor], currents: list[Tensor], steps: Tensor | int) -> None:
        done = int(steps)
        decay = min(self._decay, (1 + done) / (WARM_UP + done))
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1.0 - decay)
            else:
                average.copy_(current)
