"""Faces, utterances and sentences as the robot's own models score them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from emotion_core.affect import EMOTIONS, LABELS
from emotion_core.audio.features import SAMPLE_RATE, speech_span
from emotion_core.fusion.evidence import ModalityScores
from emotion_core.inference.expression import ExpressionModel
from emotion_core.inference.text import TextModel
from emotion_core.inference.voice import VoiceModel
from emotion_core.resources import cache_directory, models_directory
from emotion_train.corpora import ravdess
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.fer2013 import load_fer2013
from emotion_train.corpora.meld import load_meld
from emotion_train.corpora.utterances import Utterance
from emotion_train.tasks.face.augmentation import warp
from emotion_train.tasks.face.data import resolve_data_path
from emotion_train.tasks.face.settings import FaceAugmentation
from emotion_train.tasks.fusion.settings import FusionSources

Features = npt.NDArray[np.float32]
_Item = TypeVar("_Item")

WINDOW_HOP_SECONDS: Final = 0.25
"""Between the ends of two voice windows of an utterance."""
VERSION: Final = 2
"""Of how windows are cut; one that is kept from before is made anew."""
FIRST_WINDOW_SECONDS: Final = 0.5
SYLLABLE_SECONDS: Final = 0.06
"""Of speech for each character of a sentence: it makes a sentence last as long as it would."""

LIVE_CHANGES: Final = FaceAugmentation(rotation_deg=5.0, translation=0.03, scale=0.05)
"""By which the crops of one face differ from frame to frame."""

_BATCH = 128


@dataclass(frozen=True)
class Bank:
    """Scored samples of one modality.

    Attributes:
        features: float32 (n, V, D), V views of each sample: copies of a face, growing windows of an
            utterance, a sentence once. Views that a sample lacks are zeros.
        views: int64 (n,), how many views each sample has, >= 1.
        labels: int64 (n,), in label order.
        seconds: float32 (n,), how long each sample lasts; 0 for a face.
    """

    features: Features
    views: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float32]

    def of_label(self, label: int) -> npt.NDArray[np.int64]:
        """Return the positions of the samples of one emotion."""
        return np.flatnonzero(self.labels == label)


@dataclass(frozen=True)
class Banks:
    """All three, scored by one set of models."""

    face: Bank
    voice: Bank
    words: Bank
    fingerprint: str

    def in_order(self) -> tuple[Bank, Bank, Bank]:
        """Return the banks in the order of `Modality`."""
        return self.face, self.voice, self.words


class _Scores(Protocol):
    @property
    def probabilities(self) -> Features: ...
    @property
    def valence_arousal(self) -> Features: ...
    @property
    def embedding(self) -> Features: ...


def load_banks(sources: FusionSources, models: Path | None, seed: int) -> Banks:
    """Score what timelines are composed from, or read it from the cache.

    Args:
        sources: where it lies and how much of it is used.
        models: folder with the three models; None for the shipped ones.
        seed: of the choice of samples and of the copies of faces.

    Raises:
        CorpusError: if a corpus cannot be read or lacks an emotion.
        ModelError: if a model cannot be used.
    """
    folder = models or models_directory()
    key = _fingerprint(sources, folder, seed)
    cached = cache_directory() / "fusion" / f"{key}.safetensors"
    if not cached.is_file():
        banks = {
            "face": _score_faces(sources, ExpressionModel(folder / "face.onnx", 2), seed),
            "voice": _score_voices(sources, VoiceModel(folder / "voice.onnx", 2), seed),
            "words": _score_sentences(sources, TextModel(folder / "text.onnx", 2), seed),
        }
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(".partial")
        save_file(
            {
                f"{n}.{part}": value
                for n, bank in banks.items()
                for part, value in vars(bank).items()
            },
            partial,
        )
        partial.replace(cached)
    stored = load_file(cached)
    face, voice, words = (
        Bank(*(stored[f"{name}.{part}"] for part in ("features", "views", "labels", "seconds")))
        for name in ("face", "voice", "words")
    )
    for name, bank in (("faces", face), ("voices", voice), ("sentences", words)):
        lacking = [label for i, label in enumerate(LABELS) if not len(bank.of_label(i))]
        if lacking:
            raise CorpusError(f"there are no {name} for {', '.join(lacking)}")
    return Banks(face, voice, words, key)


def _fingerprint(sources: FusionSources, models: Path, seed: int) -> str:
    digest = hashlib.sha256(sources.model_dump_json().encode())
    digest.update(json.dumps([VERSION, seed, WINDOW_HOP_SECONDS, FIRST_WINDOW_SECONDS]).encode())
    digest.update(LIVE_CHANGES.model_dump_json().encode())
    for name in ("face.onnx", "voice.onnx", "text.onnx"):
        path = models / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    for path in (sources.faces, sources.voices, sources.sentences):
        digest.update(str(resolve_data_path(path).resolve()).encode())
    return digest.hexdigest()[:24]


def feature_rows(scores: _Scores) -> Features:
    """Return the fusion's input for N scored samples, float32 (N, D)."""
    rows = zip(scores.probabilities, scores.valence_arousal, scores.embedding, strict=True)
    return np.stack([ModalityScores(*row, time=0.0).features() for row in rows])


def _score_faces(sources: FusionSources, model: ExpressionModel, seed: int) -> Bank:
    corpus = load_fer2013(resolve_data_path(sources.faces), sources.faces_split)
    kept = _choose(corpus.labels, sources.faces_limit, seed)
    torch.manual_seed(seed)
    parts = []
    for chosen in _progress(np.array_split(kept, max(1, len(kept) // _BATCH)), "faces"):
        copies = torch.from_numpy(corpus.images[chosen]).float().unsqueeze(1)
        copies = copies.repeat_interleave(sources.face_copies, dim=0)
        changed = warp(copies, LIVE_CHANGES).squeeze(1).round().clamp(0, 255).byte().numpy()
        rows = feature_rows(model.predict(changed))
        parts.append(rows.reshape(len(chosen), sources.face_copies, -1))
    return Bank(
        np.concatenate(parts),
        np.full(len(kept), sources.face_copies),
        corpus.labels[kept],
        np.zeros(len(kept), np.float32),
    )


def _score_voices(sources: FusionSources, model: VoiceModel, seed: int) -> Bank:
    if sources.voices_split not in ravdess.SPLITS:
        raise CorpusError(f"{ravdess.NAME} has no split {sources.voices_split!r}")
    corpus = ravdess.load_ravdess(resolve_data_path(sources.voices))
    chosen = corpus.of_speakers(ravdess.SPLITS[sources.voices_split]).utterances
    if not chosen:
        raise CorpusError(f"{sources.voices} has no speaker of the split {sources.voices_split}")
    generator = np.random.default_rng(seed)
    rows = [
        np.concatenate([feature_rows(model.predict(window[None])) for window in windows])
        for windows in (
            growing_windows(utterance, model.window_seconds, generator)
            for utterance in _progress(chosen, "voices")
        )
    ]
    views = np.array([len(row) for row in rows])
    features = np.zeros((len(rows), views.max(), rows[0].shape[1]), np.float32)
    for place, row in enumerate(rows):
        features[place, : len(row)] = row
    return Bank(
        features,
        views,
        np.array([EMOTIONS.index(utterance.emotion) for utterance in chosen]),
        (FIRST_WINDOW_SECONDS + (views - 1) * WINDOW_HOP_SECONDS).astype(np.float32),
    )


def growing_windows(
    utterance: Utterance, longest_seconds: float, generator: np.random.Generator
) -> list[Features]:
    """Return what a voice node would score while an utterance goes on, a little noise included.

    All are of the longest length: the room before the first word belongs to them.
    """
    first, end = speech_span(utterance.waveform)
    speech = utterance.waveform[first:end]
    level = float(np.sqrt(np.mean(np.square(speech)))) if len(speech) else 0.0
    longest = round(longest_seconds * SAMPLE_RATE)
    recording = np.pad(utterance.waveform[:end], (longest, 0))
    noise = generator.normal(0.0, level * 10 ** (-generator.uniform(15, 40) / 20), len(recording))
    noisy = (recording + noise).astype(np.float32)
    ends = range(
        longest + first + round(FIRST_WINDOW_SECONDS * SAMPLE_RATE),
        len(noisy) + 1,
        round(WINDOW_HOP_SECONDS * SAMPLE_RATE),
    )
    return [noisy[stop - longest : stop] for stop in ends] or [noisy[-longest:]]


def _score_sentences(sources: FusionSources, model: TextModel, seed: int) -> Bank:
    corpus = load_meld(resolve_data_path(sources.sentences), sources.sentences_split)
    labels = corpus.emotions.argmax(axis=1)
    kept = _choose(labels, sources.sentences_limit, seed)
    texts = [corpus.texts[place] for place in kept]
    features = np.concatenate(
        [feature_rows(model.predict([text])) for text in _progress(texts, "sentences")]
    )
    seconds = [max(FIRST_WINDOW_SECONDS, SYLLABLE_SECONDS * len(text)) for text in texts]
    return Bank(
        features[:, None],
        np.ones(len(kept), np.int64),
        labels[kept],
        np.array(seconds, np.float32),
    )


def _choose(labels: npt.NDArray[np.int64], limit: int, seed: int) -> npt.NDArray[np.int64]:
    """Return at most so many random positions of each emotion, in order."""
    generator = np.random.default_rng(seed)
    chosen = [
        generator.permutation(np.flatnonzero(labels == label))[:limit]
        for label in range(len(LABELS))
    ]
    return np.sort(np.concatenate(chosen))


def _progress(items: Sequence[_Item], name: str) -> Iterable[_Item]:
    return tqdm(items, desc=f"scoring {name}", leave=False)
