"""Recorded utterances with an emotion and a speaker, whatever corpus they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile  # type: ignore[import-untyped]
import soxr

from emotion_core.affect import Emotion
from emotion_core.audio.features import SAMPLE_RATE, Waveform
from emotion_train.corpora.errors import CorpusError

AUDIO_SUFFIXES = frozenset({".wav", ".flac"})


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes:
        name: of its file, without the suffix.
        speaker: the corpus's own number.
        emotion: what was acted.
        waveform: float32 (samples,) in [-1, 1] at SAMPLE_RATE, mono.
    """

    name: str
    speaker: int
    emotion: Emotion
    waveform: Waveform


@dataclass(frozen=True)
class SpeechCorpus:
    """Labelled utterances in memory.

    Attributes:
        name: of the corpus.
        utterances: in the order of their names.
        broken: files left out because they could not be read or named, with the reason.
    """

    name: str
    utterances: tuple[Utterance, ...]
    broken: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.utterances)

    def of_speakers(self, speakers: Iterable[int]) -> SpeechCorpus:
        """Return the utterances of these speakers."""
        wanted = frozenset(speakers)
        return SpeechCorpus(self.name, tuple(u for u in self.utterances if u.speaker in wanted))

    def speakers(self) -> tuple[int, ...]:
        """Return the speakers in ascending order."""
        return tuple(sorted({utterance.speaker for utterance in self.utterances}))

    def fingerprint(self) -> str:
        """Return a sha256 over names, speakers, labels and samples."""
        digest = hashlib.sha256(self.name.encode())
        for utterance in self.utterances:
            described = f"\n{utterance.name} {utterance.speaker} {utterance.emotion.value} "
            digest.update(described.encode())
            digest.update(utterance.waveform.tobytes())
        return digest.hexdigest()


Parse = Callable[[str], tuple[int, Emotion] | None]
"""File name without suffix to speaker and emotion, None for what is left out on purpose.

Raises ValueError, saying why, if the name is not the corpus's.
"""


def read_corpus(name: str, folder: Path, parse: Parse) -> SpeechCorpus:
    """Read every wav and flac file below a folder, however it is nested.

    Args:
        name: of the corpus, for messages.
        folder: of the corpus.
        parse: see `Parse`.

    Raises:
        CorpusError: if the folder is missing or holds no readable utterance; the message names the
            first fault. Single broken files are passed over and listed in `SpeechCorpus.broken`.
    """
    if not folder.is_dir():
        raise CorpusError(f"no folder {folder} with recordings of {name}")
    files = [path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES]
    utterances: list[Utterance] = []
    broken: list[str] = []
    # A recording that lies there twice, as wav and flac or in two folders, counts once.
    seen: set[str] = set()
    for path in sorted(files, key=lambda path: (path.stem, path.parts)):
        try:
            described = parse(path.stem)
            if described is None or path.stem in seen:
                continue
            waveform = read_waveform(path)
        except (ValueError, soundfile.SoundFileError, OSError) as error:
            broken.append(f"{path}: {error}")
            continue
        seen.add(path.stem)
        utterances.append(Utterance(path.stem, *described, waveform))
    if not utterances:
        reason = f"; first fault: {broken[0]}" if broken else ""
        raise CorpusError(f"{folder} holds no readable utterance of {name}{reason}")
    return SpeechCorpus(name, tuple(utterances), tuple(broken))


def read_waveform(path: Path) -> Waveform:
    """Read a recording as mono at SAMPLE_RATE.

    Raises:
        ValueError: if it holds no samples, or some that are not finite.
        soundfile.SoundFileError: if it cannot be decoded.
    """
    samples: npt.NDArray[np.float32]
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if len(mono) == 0:
        raise ValueError("the recording is empty")
    if not np.isfinite(mono).all():
        raise ValueError("the recording holds samples that are not finite")
    return np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), dtype=np.float32)
