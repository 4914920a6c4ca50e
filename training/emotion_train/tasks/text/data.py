"""Corpora of sentences as batches."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_train.corpora.emobank import load_emobank
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.goemotions import load_goemotions
from emotion_train.corpora.meld import load_meld
from emotion_train.corpora.sentences import SentenceCorpus
from emotion_train.sampling import evenly_spread
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.face.data import DATA_ROOT_VARIABLE
from emotion_train.tasks.text.bucketing import BucketSampler
from emotion_train.tasks.text.settings import CorpusSettings, TextData, TextExperiment

VALIDATION_BATCH = 128
MELD, GOEMOTIONS, EMOBANK = range(3)
LOADERS: Final[dict[str, Callable[[Path, str], SentenceCorpus]]] = {
    "meld": load_meld,
    "goemotions": load_goemotions,
    "emobank": load_emobank,
}
"""In the order of the corpus numbers."""

logger = logging.getLogger(__name__)


class TextBatch(NamedTuple):
    """Sentences and what is known about them.

    Attributes:
        texts: as the corpus has them.
        contexts: what was said before each.
        emotions: float (N, 7), 1 for each emotion of the sentence.
        ratings: float (N, 2), valence and arousal in [-1, 1], NaN without.
        corpora: int64 (N,), `MELD`, `GOEMOTIONS` or `EMOBANK`.
    """

    texts: list[str]
    contexts: list[str]
    emotions: Tensor
    ratings: Tensor
    corpora: Tensor


class SentenceDataset(Dataset[TextBatch]):
    """Corpora in memory, one after the other, from which whole batches are taken by position.

    Args:
        parts: number of a corpus in `LOADERS`, and its sentences; a corpus may come repeatedly.
    """

    def __init__(self, parts: list[tuple[int, SentenceCorpus]]) -> None:
        self.texts = [text for _, corpus in parts for text in corpus.texts]
        self.contexts = [context for _, corpus in parts for context in corpus.contexts]
        self.emotions = torch.from_numpy(np.concatenate([part.emotions for _, part in parts]))
        self.ratings = torch.from_numpy(np.concatenate([part.ratings for _, part in parts]))
        self.corpora = torch.cat([torch.full((len(part),), number) for number, part in parts])
        self.lengths = torch.tensor(
            [
                len(text) + len(context)
                for text, context in zip(self.texts, self.contexts, strict=True)
            ]
        )
        digest = hashlib.sha256()
        for number, part in parts:
            digest.update(f"{number} {part.fingerprint()}".encode())
        self.fingerprint = digest.hexdigest()

    def __len__(self) -> int:
        return len(self.texts)

    def batches(self, size: int = VALIDATION_BATCH) -> list[Tensor]:
        """Return every position once, by length, in parts of at most ``size``."""
        return list(self.lengths.argsort(stable=True).split(size))  # type: ignore[no-untyped-call]

    def __getitem__(self, positions: Tensor) -> TextBatch:
        """Return the sentences at int64 (N,) positions."""
        rows = positions.tolist()
        return TextBatch(
            [self.texts[row] for row in rows],
            [self.contexts[row] for row in rows],
            self.emotions[positions],
            self.ratings[positions],
            self.corpora[positions],
        )


def load_parts(
    settings: TextData, split: str, *, training: bool
) -> list[tuple[int, SentenceCorpus]]:
    """Read one split of all corpora of an experiment.

    Args:
        settings: which corpora.
        split: which part.
        training: repeat corpora and use both kinds of context, as the settings say. Without,
            every sentence comes once, and with its context unless there is to be none.

    Raises:
        CorpusError: if one cannot be read, or there is none.
    """
    parts: list[tuple[int, SentenceCorpus]] = []
    for number, (name, load) in enumerate(LOADERS.items()):
        chosen: CorpusSettings | None = getattr(settings, name)
        if chosen is None:
            continue
        corpus = load(Path(os.environ.get(DATA_ROOT_VARIABLE, "."), chosen.path), split)
        _report_broken(corpus, name, split)
        if settings.limit is not None:
            corpus = _thin(corpus, settings.limit)
        variants = [corpus]
        if any(corpus.contexts):
            alone = corpus.without_contexts()
            kinds = {"none": [alone], "only": [corpus], "both": [alone, corpus]}
            variants = kinds[settings.contexts]
        if training:
            parts += [(number, variant) for variant in variants] * chosen.repeats
        else:
            parts.append((number, variants[-1]))
    if not parts:
        raise CorpusError("the experiment names no corpus")
    return parts


def _thin(corpus: SentenceCorpus, limit: int) -> SentenceCorpus:
    if len(corpus) <= limit:
        return corpus
    return corpus.take(evenly_spread(len(corpus), limit))


def _report_broken(corpus: SentenceCorpus, name: str, split: str) -> None:
    if corpus.broken:
        logger.warning(
            "%d unreadable sentences of %s (%s) left out; the first: %s",
            len(corpus.broken),
            name,
            split,
            corpus.broken[0],
        )


class TextDataModule(TaskData):
    """The training and validation sentences of an experiment, read at once.

    Raises:
        CorpusError: see `load_parts`.
    """

    def __init__(self, experiment: TextExperiment) -> None:
        super().__init__()
        settings = experiment.data
        self._batch_size = settings.batch_size
        self._seed = experiment.seed
        self.train = SentenceDataset(load_parts(settings, settings.train_split, training=True))
        self.valid = SentenceDataset(load_parts(settings, settings.valid_split, training=False))

    def fingerprint(self) -> str:
        """Return a sha256 over both splits."""
        return hashlib.sha256(
            (self.train.fingerprint + self.valid.fingerprint).encode()
        ).hexdigest()

    def train_dataloader(self) -> DataLoader[TextBatch]:
        """Batches of sentences of like length in random order."""
        sampler = BucketSampler(
            self.train.lengths,
            self._batch_size,
            seed=self._seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[TextBatch]:
        """Every validation sentence once."""
        return DataLoader(self.valid, sampler=self.valid.batches(), batch_size=None)
