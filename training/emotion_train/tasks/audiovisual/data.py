"""Prepared recordings as batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_core.audio.conversion import float_samples
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.fusion.evidence import Modality
from emotion_core.nets.expression import CROP_SIDE
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.recording_clips import (
    ClipDescription,
    load_recording_clip,
)
from emotion_train.corpora.recordings import SPLITS
from emotion_train.experiment import ExperimentError
from emotion_train.sampling import BatchSampler, balanced_weights
from emotion_train.tasks.audiovisual.evidence import (
    NOTHING,
    HeardWindows,
    cut_window,
    heard_windows,
    sentence_at,
)
from emotion_train.tasks.audiovisual.settings import AudioVisualData, AudioVisualExperiment
from emotion_train.tasks.audiovisual.splits import (
    NO_LABEL,
    Piece,
    cut_pieces,
    divide,
    read_corpus,
    steps_with_tail,
    thin,
)
from emotion_train.tasks.audiovisual.words import SentenceFeatures
from emotion_train.tasks.base import TaskData

_NONE: Final = slice(0)


class AudioVisualBatch(NamedTuple):
    """N pieces of recordings, of T steps.

    Crops and windows of all pieces follow one another; NOTHING in an index stands for none.

    Attributes:
        crops: uint8 (F, 48, 48).
        crop_at: int64 (N, T), which crop is seen.
        windows: float (W, samples), of a voice.
        window_at: int64 (N, T), which window counts.
        words: float (N, T, D); zeros where nothing has been said.
        presence: float (N, T, 3), 1 where a modality is there, in the order of `Modality`.
        inside: bool (N, T), False after the end of a piece.
        labels: int64 (N,), in label order, or NO_LABEL.
        ratings: float (N, T, 2), valence and arousal; NaN where there are none.
    """

    crops: Tensor
    crop_at: Tensor
    windows: Tensor
    window_at: Tensor
    words: Tensor
    presence: Tensor
    inside: Tensor
    labels: Tensor
    ratings: Tensor

    @property
    def counted(self) -> Tensor:
        """Bool (N, T): inside the piece, and something has been seen or heard."""
        return self.inside & (self.presence.sum(dim=2).cumsum(dim=1) > 0)


class RecordingDataset(Dataset[AudioVisualBatch]):
    """Pieces of recordings, read from their files when they are asked for.

    When a voice is heard depends on the loudest moment of the whole recording. So each sound is
    read as a whole once, and afterwards only what belongs to a piece.

    Args:
        pieces: of all recordings.
        settings: how they come.
        sentences: features of everything that is said.
    """

    def __init__(
        self, pieces: Sequence[Piece], settings: AudioVisualData, sentences: SentenceFeatures
    ) -> None:
        self.pieces = list(pieces)
        self._settings = settings
        self._used = frozenset(settings.modalities)
        self._sentences = sentences
        self._heard: dict[Path, HeardWindows] = {}
        self.labels = torch.tensor([piece.label for piece in pieces], dtype=torch.int64)
        self.has_labels = bool((self.labels != NO_LABEL).any())
        self.has_ratings = any(piece.clip.rated for piece in pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    def batches(self, size: int) -> list[Tensor]:
        """Return every position once, in order, in parts of at most ``size``."""
        return list(torch.arange(len(self)).split(size))  # type: ignore[no-untyped-call]

    def __getitem__(self, positions: Tensor) -> AudioVisualBatch:
        """Return the pieces at int64 (N,) positions."""
        pieces = [self.pieces[int(position)] for position in positions]
        parts = [self._read(piece) for piece in pieces]
        steps = max(len(part.crop_at) for part in parts)
        crops = [part.crops for part in parts]
        windows = [part.windows for part in parts]
        return AudioVisualBatch(
            torch.from_numpy(np.concatenate(crops)),
            _stacked([part.crop_at for part in parts], steps, crops),
            torch.from_numpy(np.concatenate(windows)),
            _stacked([part.window_at for part in parts], steps, windows),
            _padded([part.words for part in parts], steps, 0.0),
            _padded([part.presence() for part in parts], steps, 0.0),
            _padded([np.ones(len(part.crop_at), np.bool_) for part in parts], steps, fill=False),
            self.labels[positions],
            _padded([part.ratings for part in parts], steps, np.nan),
        )

    def _read(self, piece: Piece) -> _Part:
        steps = slice(piece.start, piece.end)
        samples = round(self._settings.voice_window * SAMPLE_RATE)
        part = _Part.nothing(piece.end - piece.start, samples, self._sentences.size)
        clip = load_recording_clip(piece.clip.path, steps, samples=_NONE)
        inside = len(clip.ratings)
        part.ratings[:inside] = clip.ratings
        if "face" in self._used:
            part.crops = clip.faces[clip.seen]
            part.crop_at[:inside] = np.where(clip.seen, np.cumsum(clip.seen) - 1, NOTHING)
        if "voice" in self._used:
            heard = self._heard_in(piece.clip)
            at = heard.at[steps]
            used, places = np.unique(at[at != NOTHING], return_inverse=True)
            part.window_at[at != NOTHING] = places
            spans = [heard.spans[position] for position in used]
            part.windows = _read_windows(piece.clip.path, spans, samples)
        if "words" in self._used:
            said = sentence_at(clip.sentences, piece.end)[steps]
            for step in np.flatnonzero(said != NOTHING):
                part.words[step] = self._sentences[clip.sentences[said[step]].text]
        return part

    def _heard_in(self, clip: ClipDescription) -> HeardWindows:
        heard = self._heard.get(clip.path)
        if heard is None:
            settings = self._settings
            heard = self._heard[clip.path] = heard_windows(
                float_samples(load_recording_clip(clip.path, steps=_NONE).samples),
                steps_with_tail(clip, settings),
                settings.voice_window,
                settings.voice_hop,
            )
        return heard


def _read_windows(
    path: Path, spans: Sequence[tuple[int, int]], samples: int
) -> npt.NDArray[np.float32]:
    if not spans:
        return np.zeros((0, samples), np.float32)
    first, end = min(start for start, _ in spans), max(end for _, end in spans)
    waveform = float_samples(load_recording_clip(path, _NONE, slice(first, end)).samples)
    moved = [(start - first, end - first) for start, end in spans]
    return np.stack([cut_window(waveform, span, samples) for span in moved])


@dataclass
class _Part:
    """One piece before it is joined with the others of its batch."""

    crops: np.ndarray
    crop_at: np.ndarray
    windows: np.ndarray
    window_at: np.ndarray
    words: np.ndarray
    ratings: np.ndarray

    @classmethod
    def nothing(cls, steps: int, samples: int, words: int) -> _Part:
        return cls(
            np.zeros((0, CROP_SIDE, CROP_SIDE), np.uint8),
            np.full(steps, NOTHING, np.int64),
            np.zeros((0, samples), np.float32),
            np.full(steps, NOTHING, np.int64),
            np.zeros((steps, words), np.float32),
            np.full((steps, 2), np.nan, np.float32),
        )

    def presence(self) -> np.ndarray:
        there = np.zeros((len(self.crop_at), len(Modality)), np.float32)
        there[:, Modality.FACE] = self.crop_at != NOTHING
        there[:, Modality.VOICE] = self.window_at != NOTHING
        there[:, Modality.WORDS] = self.words.any(axis=1)
        return there


def _padded(parts: Sequence[np.ndarray], steps: int, fill: float) -> Tensor:
    joined = np.full((len(parts), steps, *parts[0].shape[1:]), fill, parts[0].dtype)
    for row, part in zip(joined, parts, strict=True):
        row[: len(part)] = part
    return torch.from_numpy(joined)


def _stacked(indices: Sequence[np.ndarray], steps: int, rows: Sequence[np.ndarray]) -> Tensor:
    """Join indices into the rows of each part to indices into the rows of all of them."""
    before = np.cumsum([0, *(len(part) for part in rows[:-1])])
    moved = [
        np.where(index == NOTHING, NOTHING, index + offset)
        for index, offset in zip(indices, before, strict=True)
    ]
    return _padded(moved, steps, NOTHING)


class AudioVisualDataModule(TaskData):
    """The recordings of an experiment, no speaker in two parts.

    A corpus with splits of its own keeps them.

    Raises:
        CorpusError: if there is no prepared recording, one is damaged, or a part stays empty.
        ExperimentError: if the words' features have another size than the network takes, or
            recordings without an emotion are to be drawn by emotion.
        ModelError: if the text model cannot be used.
    """

    def __init__(self, experiment: AudioVisualExperiment) -> None:
        super().__init__()
        self._settings = experiment.data
        self._seed = experiment.seed
        parts: dict[str, list[ClipDescription]] = {split: [] for split in SPLITS}
        for corpus in self._settings.corpora:
            for split, clips in divide(read_corpus(corpus), corpus).items():
                parts[split] += thin(clips, self._settings.limit)
        for split in ("train", "valid"):
            if not parts[split]:
                raise CorpusError(f"no recording is left for the part {split}")
        texts = {said.text for clips in parts.values() for one in clips for said in one.sentences}
        used = texts if "words" in self._settings.modalities else set()
        sentences = SentenceFeatures(used, self._settings.text_model)
        wanted = experiment.network.fusion.words_size
        if sentences.size != wanted:
            raise ExperimentError(
                f"the text model gives features of the size {sentences.size}, "
                f"network.fusion.words_size says {wanted}"
            )
        self.train, self.valid, self.test = (
            RecordingDataset(
                [piece for clip in parts[split] for piece in cut_pieces(clip, self._settings)],
                self._settings,
                sentences,
            )
            for split in SPLITS
        )
        if self._settings.sampler == "balanced" and (self.train.labels == NO_LABEL).any():
            raise ExperimentError("data.sampler: recordings without an emotion cannot be balanced")
        described = [
            (split, clip.path.name, clip.fingerprint) for split in SPLITS for clip in parts[split]
        ]
        text = repr((described, sentences.fingerprint))
        self._fingerprint = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def fingerprint(self) -> str:
        """Return a sha256 over what the recordings of all parts were made from."""
        return self._fingerprint

    def train_dataloader(self) -> DataLoader[AudioVisualBatch]:
        """Batches in random order."""
        balanced = self._settings.sampler == "balanced"
        sampler = BatchSampler(
            len(self.train),
            min(self._settings.batch_size, len(self.train)),
            seed=self._seed,
            weights=balanced_weights(self.train.labels) if balanced else None,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[AudioVisualBatch]:
        """Every validation piece once, in order."""
        positions = self.valid.batches(self._settings.batch_size)
        return DataLoader(self.valid, sampler=positions, batch_size=None)
