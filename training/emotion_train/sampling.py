"""In which order samples of a corpus in memory are trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import Sampler

SEED_STRIDE = 1_000_003
"""Distance between the seeds of two runs, so that their epochs do not share random numbers."""


def seed_step(trainer: Trainer, seed: int) -> None:
    """Seed torch for one training step from the run's seed, the step and the process.

    What a step draws then does not depend on when the run was interrupted before it.
    """
    position = trainer.global_step * trainer.world_size + trainer.global_rank
    torch.manual_seed(seed * SEED_STRIDE + position)


def evenly_spread(count: int, limit: int | None) -> npt.NDArray[np.int64]:
    """Return at most ``limit`` of ``count`` positions, evenly spread; all without a limit."""
    if limit is None or count <= limit:
        return np.arange(count)
    return np.linspace(0, count - 1, limit).astype(np.int64)


def balanced_weights(labels: Tensor) -> Tensor:
    """Return weights, float (n,), under which every class of int64 (n,) labels is as likely."""
    return (1.0 / torch.bincount(labels).float())[labels]


class BatchSampler(Sampler[Tensor]):
    """Positions batch by batch, the same for the same seed and epoch.

    A last incomplete batch is dropped. With several processes each takes its slice of every batch.

    Args:
        count: number of samples.
        batch_size: of all processes together.
        seed: of the order.
        weights: how often each sample is drawn, with replacement; None takes each once.
        rank: of this process.
        world_size: number of processes.

    Raises:
        ValueError: if a batch cannot be shared equally, or there are fewer samples than one batch.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        *,
        seed: int,
        weights: Tensor | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if batch_size % world_size:
            raise ValueError(f"batch size {batch_size} is no multiple of {world_size} processes")
        if count < batch_size:
            raise ValueError(f"{count} samples do not fill one batch of {batch_size}")
        self._count = count
        self._batch_size = batch_size
        self._seed = seed
        self._weights = weights
        self._rank = rank
        self._world_size = world_size
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count // self._batch_size

    def __iter__(self) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(self._seed * SEED_STRIDE + self._epoch)
        if self._weights is None:
            order = torch.randperm(self._count, generator=generator)
        else:
            order = torch.multinomial(
                self._weights, self._count, replacement=True, generator=generator
            )
        part = self._batch_size // self._world_size
        for batch in range(len(self)):
            first = batch * self._batch_size + self._rank * part
            yield order[first : first + part]
