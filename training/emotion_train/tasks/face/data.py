"""Face corpora as batches."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.fer2013 import FaceCorpus, load_fer2013
from emotion_train.corpora.ferplus import Votes, load_votes, vote_distributions
from emotion_train.sampling import BatchSampler, balanced_weights, evenly_spread
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.face.augmentation import FaceBatch
from emotion_train.tasks.face.settings import FaceData, FaceExperiment

DATA_ROOT_VARIABLE = "EMOTION_BOT_DATA"
VALIDATION_BATCH = 512

logger = logging.getLogger(__name__)


def resolve_data_path(path: Path) -> Path:
    """Return a path of an experiment, relative to the data root where there is one."""
    return Path(os.environ.get(DATA_ROOT_VARIABLE, "."), path)


class FaceDataset(Dataset[FaceBatch]):
    """A corpus in memory from which whole batches are taken by position.

    Args:
        corpus: the faces.
        votes: FER+ votes by file name, or None.
    """

    def __init__(self, corpus: FaceCorpus, votes: Votes | None = None) -> None:
        shares = vote_distributions(votes or {}, corpus.names)
        self.images = torch.from_numpy(corpus.images)
        self.labels = torch.from_numpy(corpus.labels)
        self.votes = torch.from_numpy(shares)
        digest = hashlib.sha256(corpus.fingerprint().encode())
        digest.update(shares.tobytes())
        self.fingerprint = digest.hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int = VALIDATION_BATCH) -> list[Tensor]:
        """Return every position once, in order, in parts of at most ``size``."""
        return list(torch.arange(len(self)).split(size))  # type: ignore[no-untyped-call]

    def __getitem__(self, positions: Tensor) -> FaceBatch:
        """Return the faces at int64 (N,) positions, as stored."""
        votes = self.votes[positions]
        return FaceBatch(
            self.images[positions],
            torch.nn.functional.one_hot(self.labels[positions], len(LABELS)).float(),
            votes,
            (votes.sum(dim=1) > 0).float(),
        )


def load_splits(settings: FaceData, seed: int) -> tuple[FaceDataset, FaceDataset]:
    """Read the training and the validation faces of an experiment.

    Args:
        settings: where they lie and how they are divided.
        seed: of a hold-out.

    Raises:
        CorpusError: if they cannot be read, or the votes belong to other faces.
    """
    path = resolve_data_path(settings.path)
    train = load_fer2013(path, settings.train_split)
    _report_broken(train, settings.train_split)
    if settings.holdout > 0:
        kept, held = train_test_split(
            np.arange(len(train)),
            test_size=settings.holdout,
            stratify=train.labels,
            random_state=seed,
        )
        train, valid = train.take(np.sort(kept)), train.take(np.sort(held))
    else:
        valid = load_fer2013(path, settings.valid_split)
        _report_broken(valid, settings.valid_split)
    if (limit := settings.limit) is not None:
        train, valid = _thin(train, limit), _thin(valid, limit)
    votes = None
    if settings.votes is not None:
        votes = load_votes(resolve_data_path(settings.votes))
        if votes.keys().isdisjoint(train.names):
            raise CorpusError(
                f"{settings.votes} has votes for none of the faces: the file names differ"
            )
    return FaceDataset(train, votes), FaceDataset(valid, votes)


def _thin(corpus: FaceCorpus, limit: int) -> FaceCorpus:
    if len(corpus) <= limit:
        return corpus
    return corpus.take(evenly_spread(len(corpus), limit))


def _report_broken(corpus: FaceCorpus, split: str) -> None:
    if corpus.broken:
        logger.warning(
            "%d unreadable faces of %s left out; the first: %s",
            len(corpus.broken),
            split,
            corpus.broken[0],
        )


class FaceDataModule(TaskData):
    """The training and validation faces of an experiment, read at once.

    Raises:
        CorpusError: see `load_splits`.
    """

    def __init__(self, experiment: FaceExperiment) -> None:
        super().__init__()
        self._settings = experiment.data
        self._seed = experiment.seed
        self.train, self.valid = load_splits(experiment.data, experiment.seed)

    def fingerprint(self) -> str:
        """Return a sha256 over both splits, votes included."""
        return hashlib.sha256(
            (self.train.fingerprint + self.valid.fingerprint).encode()
        ).hexdigest()

    def train_dataloader(self) -> DataLoader[FaceBatch]:
        """Batches in random order."""
        balanced = self._settings.sampler == "balanced"
        sampler = BatchSampler(
            len(self.train),
            self._settings.batch_size,
            seed=self._seed,
            weights=balanced_weights(self.train.labels) if balanced else None,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[FaceBatch]:
        """Every validation face once, in order."""
        return DataLoader(self.valid, sampler=self.valid.batches(), batch_size=None)
