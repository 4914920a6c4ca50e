"""Figures of the voice model on acted utterances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import EMOTIONS, LABELS
from emotion_core.audio.features import Waveform, speech_span
from emotion_core.inference.voice import VoiceModel
from emotion_train.corpora import emodb, ravdess
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.utterances import SpeechCorpus
from emotion_train.evaluation.classification import ClassificationFigures, classification_figures

WINDOW_STEP_SECONDS: Final = 0.25
"""From one window of an utterance to the next."""
ALL: Final = "all"


@dataclass(frozen=True)
class VoiceDataset:
    """How a corpus is read, and which of its speakers make a split."""

    load: Callable[[Path], SpeechCorpus]
    splits: dict[str, tuple[int, ...]]


DATASETS: Final = {
    ravdess.NAME: VoiceDataset(ravdess.load_ravdess, ravdess.SPLITS),
    emodb.NAME: VoiceDataset(emodb.load_emodb, emodb.SPLITS),
}


@dataclass(frozen=True)
class Noise:
    """Noise that is added before anything else happens to an utterance.

    Attributes:
        snr_db: power of the utterance's speech over that of the noise.
        colour: ``white``, or ``pink`` (power falls with frequency).
        seed: of all utterances together.
    """

    snr_db: float
    colour: str = "white"
    seed: int = 0


@dataclass(frozen=True)
class VoiceEvaluation:
    """Figures on the utterances of some speakers."""

    figures: ClassificationFigures
    speakers: tuple[int, ...]
    broken: tuple[str, ...]
    noise: Noise | None
    data_sha256: str

    @property
    def uar(self) -> float:
        """Unweighted average recall of the classes that the corpus has."""
        return self.figures.uar

    def report(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return {
            "uar": self.uar,
            **asdict(self.figures),
            "speakers": list(self.speakers),
            "noise": asdict(self.noise) if self.noise else None,
            "unreadable": len(self.broken),
            "unreadable_files": list(self.broken),
            "data_sha256": self.data_sha256,
        }


def evaluate_voice(
    model: VoiceModel,
    data: Path,
    dataset: str,
    *,
    split: str = ALL,
    speakers: Sequence[int] = (),
    noise: Noise | None = None,
) -> VoiceEvaluation:
    """Run the voice model over the utterances of a corpus.

    Args:
        model: the one the robot runs, or another of its kind.
        data: folder with wav or flac files of the corpus's naming.
        dataset: ravdess or emodb.
        split: ``all``, or one of the corpus's splits, which are made of whole speakers.
        speakers: of the split only these; none takes all of it.
        noise: added to every utterance, or None.

    Raises:
        CorpusError: if dataset or split is unknown, or there is no readable utterance of it.
    """
    if dataset not in DATASETS:
        raise CorpusError(f"no voice corpus {dataset!r}; know {', '.join(DATASETS)}")
    splits = DATASETS[dataset].splits
    if split != ALL and split not in splits:
        raise CorpusError(f"{dataset} has no split {split!r}; know {', '.join((ALL, *splits))}")
    corpus = DATASETS[dataset].load(data)
    broken = corpus.broken
    wanted = set(corpus.speakers() if split == ALL else splits[split])
    if speakers:
        wanted &= set(speakers)
    corpus = corpus.of_speakers(wanted)
    if len(corpus) == 0:
        raise CorpusError(f"{data} holds no utterance of the speakers {sorted(wanted)}")
    probabilities = np.stack(
        [
            utterance_probabilities(model, utterance.waveform, noise, position)
            for position, utterance in enumerate(corpus.utterances)
        ]
    )
    labels = np.array([EMOTIONS.index(utterance.emotion) for utterance in corpus.utterances])
    return VoiceEvaluation(
        classification_figures(probabilities, labels, LABELS),
        corpus.speakers(),
        broken,
        noise,
        corpus.fingerprint(),
    )


def utterance_probabilities(
    model: VoiceModel, waveform: Waveform, noise: Noise | None = None, position: int = 0
) -> npt.NDArray[np.float32]:
    """Return the probabilities (7,) of a whole utterance.

    Windows of the model's length move over its speech or, when that is shorter, around it, evenly
    spread and at most WINDOW_STEP_SECONDS apart; their probabilities are averaged.

    Args:
        model: whose windows are taken.
        waveform: float32 (samples,); silence is before and behind it.
        noise: added to it and to the silence; the speech is looked for without it.
        position: of the utterance in its corpus; each has a noise of its own.
    """
    window = round(model.window_seconds * model.sample_rate)
    # A window around the speech cannot reach further.
    recording = np.pad(waveform, window)
    first, end = speech_span(recording)
    if noise is not None:
        generator = np.random.default_rng((noise.seed, position))
        recording = add_noise(recording, noise.snr_db, noise.colour, generator)
    low, high = sorted((first, end - window))
    count = 1 + int(np.ceil((high - low) / (WINDOW_STEP_SECONDS * model.sample_rate)))
    starts = np.linspace(low, high, count).astype(int)
    windows = np.stack([recording[start : start + window] for start in starts])
    return np.asarray(model.predict(windows).probabilities.mean(axis=0))


def add_noise(
    waveform: Waveform, snr_db: float, colour: str, generator: np.random.Generator
) -> Waveform:
    """Return the waveform with noise at a ratio to the power of its speech.

    Raises:
        ValueError: if the colour is neither white nor pink.
    """
    if colour not in ("white", "pink"):
        raise ValueError(f"noise is white or pink, not {colour!r}")
    samples = generator.standard_normal(len(waveform))
    if colour == "pink":
        spectrum = np.fft.rfft(samples)
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
        samples = np.fft.irfft(spectrum, len(waveform))
    first, end = speech_span(waveform)
    speech_power = float(np.square(waveform[first:end], dtype=np.float64).mean())
    samples *= np.sqrt(speech_power / np.square(samples).mean() * 10.0 ** (-snr_db / 10.0))
    return np.asarray(waveform + samples, dtype=np.float32)
