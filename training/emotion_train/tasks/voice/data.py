"""Voice corpora as batches."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_core.affect import EMOTIONS, LABELS
from emotion_core.audio.features import SAMPLE_RATE, speech_span
from emotion_train.corpora.emodb import load_emodb
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.ravdess import load_ravdess
from emotion_train.corpora.utterances import SpeechCorpus, Utterance
from emotion_train.sampling import BatchSampler, evenly_spread
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.face.data import resolve_data_path
from emotion_train.tasks.voice.augmentation import VoiceBatch
from emotion_train.tasks.voice.settings import VoiceCorpusSettings, VoiceData, VoiceExperiment

LOADERS = {"ravdess": load_ravdess, "emodb": load_emodb}
VALIDATION_BATCH = 128
VALIDATION_SECONDS = 3.0
CROP_SLACK_SECONDS = 0.2
"""So far a training window may reach beyond the speech, into zeros."""

logger = logging.getLogger(__name__)


class VoiceDataset(Dataset[VoiceBatch]):
    """Utterances in memory, cut to their speech, from which whole batches are taken by position.

    Args:
        corpora: one after the other.
        window_seconds: shortest and longest random window of a batch; None takes the middle
            VALIDATION_SECONDS of every utterance.
    """

    def __init__(
        self,
        corpora: Sequence[SpeechCorpus],
        window_seconds: tuple[float, float] | None = None,
    ) -> None:
        self._windows = window_seconds
        utterances = [utterance for corpus in corpora for utterance in corpus.utterances]
        cut = [_speech(utterance) for utterance in utterances]
        longest = max((len(waveform) for waveform in cut), default=0)
        self.waveforms = torch.zeros(len(cut), longest)
        for row, waveform in zip(self.waveforms, cut, strict=True):
            row[: len(waveform)] = torch.from_numpy(waveform)
        self.lengths = torch.tensor([len(waveform) for waveform in cut], dtype=torch.int64)
        self.labels = torch.tensor(
            [EMOTIONS.index(utterance.emotion) for utterance in utterances], dtype=torch.int64
        )
        self.corpora = torch.tensor(
            [position for position, corpus in enumerate(corpora) for _ in range(len(corpus))],
            dtype=torch.int64,
        )
        digest = hashlib.sha256()
        for corpus in corpora:
            digest.update(corpus.fingerprint().encode())
        self.fingerprint = digest.hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int = VALIDATION_BATCH) -> list[Tensor]:
        """Return every position once, in order, in parts of at most ``size``."""
        return list(torch.arange(len(self)).split(size))  # type: ignore[no-untyped-call]

    def __getitem__(self, positions: Tensor) -> VoiceBatch:
        """Return a window of each utterance at int64 (N,) positions."""
        lengths = self.lengths[positions]
        if self._windows is None:
            samples = round(VALIDATION_SECONDS * SAMPLE_RATE)
            first = ((lengths - samples) // 2).clamp(min=0)
        else:
            seconds = float(torch.empty(()).uniform_(*self._windows))
            samples = round(seconds * SAMPLE_RATE)
            slack = round(CROP_SLACK_SECONDS * SAMPLE_RATE)
            # A window longer than the utterance lies around it, a shorter one inside it.
            low = torch.minimum(-torch.full_like(lengths, slack), lengths - samples)
            high = torch.maximum(lengths + slack - samples, torch.zeros_like(lengths))
            first = low + (torch.rand(len(lengths)) * (high - low + 1).float()).long()
        return VoiceBatch(
            cut_windows(self.waveforms[positions], first, samples),
            torch.nn.functional.one_hot(self.labels[positions], len(LABELS)).float(),
            self.corpora[positions],
        )


def _speech(utterance: Utterance) -> np.ndarray:
    first, end = speech_span(utterance.waveform)
    waveform = utterance.waveform[first:end]
    # The features do not depend on the level; noise and room are easier to make for equal ones.
    return waveform / max(float(np.abs(waveform).max()), 1e-6)


def cut_windows(waveforms: Tensor, first: Tensor, samples: int) -> Tensor:
    """Return windows (N, samples) of (N, L) from int64 (N,) starts; zeros outside."""
    places = first[:, None] + torch.arange(samples)
    inside = (places >= 0) & (places < waveforms.shape[1])
    return waveforms.gather(1, places.clamp(0, waveforms.shape[1] - 1)) * inside


def load_corpora(settings: VoiceData) -> tuple[list[SpeechCorpus], list[SpeechCorpus]]:
    """Read the training and the validation part of every corpus of an experiment.

    Raises:
        CorpusError: if a corpus cannot be read, or lacks a speaker that is to be validated on, or
            nothing is left to train or to validate on.
    """
    train, valid = [], []
    for corpus_settings in settings.corpora:
        corpus = LOADERS[corpus_settings.dataset](resolve_data_path(corpus_settings.path))
        if corpus.broken:
            logger.warning(
                "%d files of %s left out; the first: %s",
                len(corpus.broken),
                corpus.name,
                corpus.broken[0],
            )
        for part, speakers in zip((train, valid), _divide(corpus, corpus_settings), strict=True):
            part.append(_thin(corpus.of_speakers(speakers), settings.limit))
    for name, part in (("train", train), ("validate", valid)):
        if not any(len(corpus) for corpus in part):
            raise CorpusError(f"no speaker is left to {name} on")
    return train, valid


def _divide(
    corpus: SpeechCorpus, settings: VoiceCorpusSettings
) -> tuple[frozenset[int], frozenset[int]]:
    held = frozenset(settings.valid_speakers)
    speakers = frozenset(corpus.speakers())
    if missing := held - speakers:
        raise CorpusError(f"{corpus.name} at {settings.path} lacks the speakers {sorted(missing)}")
    return speakers - held, held


def _thin(corpus: SpeechCorpus, limit: int | None) -> SpeechCorpus:
    if limit is None or len(corpus) <= limit:
        return corpus
    places = evenly_spread(len(corpus), limit)
    return SpeechCorpus(corpus.name, tuple(corpus.utterances[place] for place in places))


def sampling_weights(dataset: VoiceDataset, shares: Sequence[float]) -> Tensor:
    """Return weights, float (n,): corpora by their shares, the classes of each equally often."""
    weights = torch.zeros(len(dataset))
    for position, share in enumerate(shares):
        own = dataset.corpora == position
        labels = dataset.labels[own]
        if len(labels) == 0:
            continue
        counts = torch.bincount(labels).float()
        weights[own] = share / ((counts > 0).sum() * counts[labels])
    return weights


class VoiceDataModule(TaskData):
    """The training and validation voices of an experiment, read at once.

    Raises:
        CorpusError: see `load_corpora`.
    """

    def __init__(self, experiment: VoiceExperiment) -> None:
        super().__init__()
        self._settings = experiment.data
        self._seed = experiment.seed
        train, valid = load_corpora(experiment.data)
        self.train = VoiceDataset(train, experiment.augmentation.window_seconds)
        self.valid = VoiceDataset(valid)

    def fingerprint(self) -> str:
        """Return a sha256 over both parts."""
        return hashlib.sha256(
            (self.train.fingerprint + self.valid.fingerprint).encode()
        ).hexdigest()

    def train_dataloader(self) -> DataLoader[VoiceBatch]:
        """Batches in random order, with replacement."""
        shares = [corpus.share for corpus in self._settings.corpora]
        sampler = BatchSampler(
            len(self.train) * self._settings.repeats,
            self._settings.batch_size,
            seed=self._seed,
            weights=sampling_weights(self.train, shares),
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[VoiceBatch]:
        """Every validation voice once, in order."""
        return DataLoader(self.valid, sampler=self.valid.batches(), batch_size=None)
