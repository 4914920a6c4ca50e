"""Recordings of one person's face, voice and words, whatever corpus they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import Emotion
from emotion_train.corpora.errors import CorpusError

SPLITS: Final = ("train", "valid", "test")


@dataclass(frozen=True)
class Sentence:
    """Something that was said.

    Attributes:
        text: as the corpus has it.
        end: when it had been said, s since the recording's start; None when the corpus does not
            tell, which means at the end of the speech.
    """

    text: str
    end: float | None = None


@dataclass(frozen=True, eq=False)
class AffectTrack:
    """Valence and arousal over the time of a recording.

    Attributes:
        times: float64 (T,), s since the recording's start, ascending.
        values: float32 (T, 2), valence and arousal in [-1, 1]; NaN where nobody rated.
    """

    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording and everything that is known about it.

    Attributes:
        name: within its corpus, fit for a file name.
        speaker: who is seen and heard, as far as the corpus tells people apart.
        video: of the face; None without one.
        sound: of the voice, which may be the sound track of `video`; None without one.
        sentences: what is said, in order.
        emotion: what is shown throughout; None in a corpus of ratings.
        affect: ratings over time; None in a corpus of emotions.
        split: the corpus's own part (one of `SPLITS`); empty where it has none.
    """

    name: str
    speaker: str
    video: Path | None
    sound: Path | None
    sentences: tuple[Sentence, ...] = ()
    emotion: Emotion | None = None
    affect: AffectTrack | None = None
    split: str = ""

    def fingerprint(self) -> str:
        """Return a sha256 over annotations and the files' sizes and times of change."""
        described = (self.name, self.speaker, self.sentences, self.emotion, self.split)
        digest = hashlib.sha256(repr(described).encode("utf-8", "replace"))
        for path in (self.video, self.sound):
            status = None if path is None else path.stat()
            found = status and (status.st_size, status.st_mtime_ns)
            digest.update(repr(found).encode())
        if self.affect is not None:
            digest.update(self.affect.times.tobytes())
            digest.update(self.affect.values.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class RecordingCorpus:
    """The recordings of a corpus by name.

    Attributes:
        name: of the corpus.
        recordings: those that can be used.
        broken: what was left out, each with the reason.
    """

    name: str
    recordings: tuple[Recording, ...]
    broken: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, name: str, root: Path, recordings: Iterable[Recording], broken: Iterable[str]
    ) -> RecordingCorpus:
        """Make a corpus from what was found below ``root``.

        Raises:
            CorpusError: if that is nothing; the message names the first fault.
        """
        found = tuple(sorted(recordings, key=lambda recording: recording.name))
        faults = tuple(broken)
        if not found:
            reason = f"; first fault: {faults[0]}" if faults else ""
            raise CorpusError(f"{root} holds no usable recording of {name}{reason}")
        return cls(name, found, faults)


def require_folders(name: str, root: Path, *folders: Path) -> None:
    """Check that a corpus is laid out in these folders.

    Raises:
        CorpusError: if one is missing; the message names it.
    """
    for folder in folders:
        if not folder.is_dir():
            raise CorpusError(f"no {name} at {root}: the folder {folder} is missing")
