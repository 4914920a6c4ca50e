"""Batches of sentences of like length, so that little of them is padding."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler

from emotion_train.sampling import SEED_STRIDE

BATCHES_PER_BUCKET = 50
"""So many batches are sorted by length among themselves."""


class BucketSampler(Sampler[Tensor]):
    """Positions batch by batch, each once an epoch, the same for the same seed and epoch.

    A last incomplete batch is dropped. With several processes each takes its slice of every batch.

    Args:
        lengths: int64 (n,), of the samples.
        batch_size: of all processes together.
        seed: of the order.
        rank: of this process.
        world_size: number of processes.

    Raises:
        ValueError: if a batch cannot be shared equally, or there are fewer samples than one batch.
    """

    def __init__(
        self, lengths: Tensor, batch_size: int, *, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if batch_size % world_size:
            raise ValueError(f"batch size {batch_size} is no multiple of {world_size} processes")
        if len(lengths) < batch_size:
            raise ValueError(f"{len(lengths)} samples do not fill one batch of {batch_size}")
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._rank = rank
        self._world_size = world_size
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths) // self._batch_size

    def __iter__(self) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(self._seed * SEED_STRIDE + self._epoch)
        order = torch.randperm(len(self._lengths), generator=generator)
        order = order[: len(self) * self._batch_size]
        batches: list[Tensor] = []
        for bucket in order.split(BATCHES_PER_BUCKET * self._batch_size):  # type: ignore[no-untyped-call]
            batches += bucket[self._lengths[bucket].argsort(stable=True)].split(self._batch_size)
        part = self._batch_size // self._world_size
        first = self._rank * part
        for position in torch.randperm(len(batches), generator=generator).tolist():
            # Shuffled, or each process would get the shorter or the longer half.
            batch = batches[position]
            mixed = batch[torch.randperm(len(batch), generator=generator)]
            yield mixed[first : first + part]
