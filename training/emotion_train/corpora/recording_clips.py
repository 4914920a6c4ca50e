"""Prepared recordings and their files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from emotion_core.affect import Emotion
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.prepared import replacing
from emotion_train.corpora.recordings import Sentence

_EVERYTHING: Final = slice(None)


@dataclass(frozen=True, eq=False)
class RecordingClip:
    """One prepared recording of T steps of STEP_SECONDS.

    Attributes:
        name: of the recording.
        speaker: see `Recording`, as for `split` and `emotion`.
        split: see there.
        video: where the pictures came from; empty without any.
        faces: uint8 (T, 48, 48), grey crops; zeros where no face is seen.
        boxes: float32 (T, 4), left, top, width and height in pixels; NaN where no face is seen.
        samples: int16 (S,) at SAMPLE_RATE, mono; empty without sound.
        sentences: all with their ends.
        emotion: see there.
        ratings: float32 (T, 2), valence and arousal in [-1, 1]; NaN where there are none.
    """

    name: str
    speaker: str
    split: str
    video: str
    faces: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]
    samples: npt.NDArray[np.int16]
    sentences: tuple[Sentence, ...]
    emotion: Emotion | None
    ratings: npt.NDArray[np.float32]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Bool (T,), where a face is seen."""
        return np.isfinite(self.boxes).all(axis=1)


def store_recording_clip(clip: RecordingClip, path: Path, fingerprint: str) -> None:
    """Write a prepared file.

    Raises:
        DiskFullError: if there is no room for it.
    """
    described = {
        "speaker": clip.speaker,
        "split": clip.split,
        "video": clip.video,
        "sentences": [[said.text, said.end] for said in clip.sentences],
        "emotion": None if clip.emotion is None else clip.emotion.value,
    }
    with replacing(path) as partial:
        save_file(
            {
                "faces": clip.faces,
                "boxes": clip.boxes,
                "samples": clip.samples,
                "ratings": clip.ratings,
            },
            partial,
            metadata={"fingerprint": fingerprint, "recording": json.dumps(described)},
        )


@dataclass(frozen=True, eq=False)
class ClipDescription:
    """What is known of a prepared recording without reading its faces and its sound.

    Attributes:
        path: of the file.
        speaker: see `RecordingClip`, as for `split`, `emotion` and `sentences`.
        split: see there.
        emotion: see there.
        sentences: see there.
        steps: T.
        rated: whether there is a rating.
        fingerprint: of what it was made from.
    """

    path: Path
    speaker: str
    split: str
    emotion: Emotion | None
    sentences: tuple[Sentence, ...]
    steps: int
    rated: bool
    fingerprint: str


def describe_recording_clip(path: Path) -> ClipDescription:
    """Read the small parts of a prepared file.

    Raises:
        CorpusError: if it is damaged.
    """
    with _prepared_file(path) as content:
        described = json.loads(content.metadata()["recording"])
        ratings = content.get_tensor("ratings")
        return ClipDescription(
            path,
            described["speaker"],
            described["split"],
            _emotion(described),
            _sentences(described),
            len(ratings),
            bool(np.isfinite(ratings).any()),
            content.metadata()["fingerprint"],
        )


def load_recording_clip(
    path: Path, steps: slice = _EVERYTHING, samples: slice = _EVERYTHING
) -> RecordingClip:
    """Read one prepared file, or a part of it.

    Args:
        path: of the file.
        steps: of which faces, boxes and ratings are read; what lies beyond the end is left out.
        samples: of the sound; what lies beyond the end is left out, too.

    Raises:
        CorpusError: if it is damaged.
    """
    with _prepared_file(path) as content:
        described = json.loads(content.metadata()["recording"])
        return RecordingClip(
            path.stem,
            described["speaker"],
            described["split"],
            described["video"],
            _rows(content, "faces", steps),
            _rows(content, "boxes", steps),
            _rows(content, "samples", samples),
            _sentences(described),
            _emotion(described),
            _rows(content, "ratings", steps),
        )


@contextmanager
def _prepared_file(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="numpy") as content:
            yield content
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise CorpusError(f"{path} is damaged; delete it and prepare again") from error


def _rows(content: Any, name: str, wanted: slice) -> npt.NDArray[Any]:
    stored = content.get_slice(name)
    count = stored.get_shape()[0]
    first, end, _ = wanted.indices(count)
    if first < end:
        return np.asarray(stored[first:end])
    # Unlike numpy, safetensors refuses to read nothing at the end of a tensor.
    return np.asarray(stored[0:0] if count else content.get_tensor(name))


def _emotion(described: dict[str, Any]) -> Emotion | None:
    return None if described["emotion"] is None else Emotion(described["emotion"])


def _sentences(described: dict[str, Any]) -> tuple[Sentence, ...]:
    return tuple(Sentence(text, end) for text, end in described["sentences"])
