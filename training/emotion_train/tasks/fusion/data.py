"""Timelines as batches."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_core.fusion.evidence import Modality
from emotion_train.experiment import ExperimentError
from emotion_train.sampling import SEED_STRIDE, BatchSampler
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.fusion.bank import Banks, load_banks
from emotion_train.tasks.fusion.settings import FusionExperiment, TimelineSettings
from emotion_train.tasks.fusion.timelines import MISSING, TimelineComposer

VALIDATION_BATCH = 128


class FusionBatch(NamedTuple):
    """N timelines of T steps.

    Attributes:
        face: float (N, T, D); zeros where it is missing, like the others.
        voice: float (N, T, D).
        words: float (N, T, D).
        presence: float (N, T, 3), 1 where a modality is there.
        labels: int64 (N, T).
        since_onset: float (N, T), seconds since the emotion last changed.
    """

    face: Tensor
    voice: Tensor
    words: Tensor
    presence: Tensor
    labels: Tensor
    since_onset: Tensor

    @property
    def features(self) -> tuple[Tensor, Tensor, Tensor]:
        """The features in the order of `Modality`."""
        return self.face, self.voice, self.words


class TimelineDataset(Dataset[FusionBatch]):
    """Timelines composed when they are asked for, each from its own seed.

    Args:
        banks: what they are made of.
        settings: how.
        count: how many there are.
        seed: of all of them.
        contradicting: see `TimelineComposer`.
    """

    def __init__(
        self,
        banks: Banks,
        settings: TimelineSettings,
        count: int,
        seed: int,
        contradicting: Collection[Modality] = (),
    ) -> None:
        self.banks = banks
        self._composer = TimelineComposer(banks, settings, contradicting)
        self._count = count
        self._seed = seed

    def __len__(self) -> int:
        return self._count

    def batches(self, size: int = VALIDATION_BATCH) -> list[Tensor]:
        """Return every position once, in order, in parts of at most ``size``."""
        return list(torch.arange(len(self)).split(size))  # type: ignore[no-untyped-call]

    def __getitem__(self, positions: Tensor) -> FusionBatch:
        """Return the timelines at int64 (N,) positions."""
        timelines = [
            self._composer.compose(np.random.default_rng((self._seed, int(position))))
            for position in positions
        ]
        samples = np.stack([timeline.samples for timeline in timelines])
        views = np.stack([timeline.views for timeline in timelines])
        features = []
        for modality, bank in zip(Modality, self.banks.in_order(), strict=True):
            place = samples[:, :, modality]
            rows = bank.features[np.maximum(place, 0), views[:, :, modality]]
            rows[place == MISSING] = 0.0
            features.append(torch.from_numpy(rows))
        return FusionBatch(
            *features,
            torch.from_numpy(np.stack([timeline.presence for timeline in timelines])),
            torch.from_numpy(np.stack([timeline.labels for timeline in timelines])),
            torch.from_numpy(np.stack([timeline.since_onset for timeline in timelines])),
        )


class FusionDataModule(TaskData):
    """The training and validation timelines of an experiment.

    Raises:
        CorpusError: see `load_banks`.
        ExperimentError: if the models' features have other sizes than the network takes.
        ModelError: see `load_banks`.
    """

    def __init__(self, experiment: FusionExperiment) -> None:
        super().__init__()
        data, self._seed = experiment.data, experiment.seed
        self._batch_size = data.batch_size
        train = load_banks(data.train, data.models, experiment.seed)
        valid = load_banks(data.valid, data.models, experiment.seed)
        self.train = TimelineDataset(train, data.timelines, data.count, SEED_STRIDE)
        # What was not trained on contradicts often enough by being misread.
        unforced = data.timelines.model_copy(update={"contradiction": (0.0, 0.0, 0.0)})
        self.valid = TimelineDataset(valid, unforced, data.valid_count, experiment.seed)
        sizes = tuple(bank.features.shape[2] for bank in train.in_order())
        if sizes != experiment.network.feature_sizes:
            raise ExperimentError(
                f"the models give features of the sizes {sizes}, "
                f"network.feature_sizes says {experiment.network.feature_sizes}"
            )

    def fingerprint(self) -> str:
        """Return a sha256 over what both kinds of timelines are made of."""
        both = self.train.banks.fingerprint + self.valid.banks.fingerprint
        return hashlib.sha256(both.encode()).hexdigest()

    def train_dataloader(self) -> DataLoader[FusionBatch]:
        """Batches in random order."""
        sampler = BatchSampler(
            len(self.train),
            self._batch_size,
            seed=self._seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[FusionBatch]:
        """Every validation timeline once, in order."""
        return DataLoader(self.valid, sampler=self.valid.batches(), batch_size=None)
