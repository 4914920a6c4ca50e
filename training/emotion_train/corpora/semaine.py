"""SEMAINE: people talk to characters; raters trace what they feel (McKeown et al., 2012).

Official layout: one folder ``Sessions/<number>`` for each talk with one character, with

- ``<date>_User Frontal_C_<character>.avi``, the user's face in colour,
- ``<date>_User HeadMounted_<character>.wav``, the user's microphone,
- ``R<rater>S<talk>TUC<character>D<dimension>.txt``, what one rater saw in the user in one
  dimension (V valence, A activation): a time in s and a value in [-1, 1] in each line,
- ``wordLevel_alignedTranscript_<number>_user``, the user's turns: their words, each with its start
  and end in ms.

The date is that of the sitting, in which one user talks to up to four characters.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_train.corpora.recordings import (
    AffectTrack,
    Recording,
    RecordingCorpus,
    Sentence,
    require_folders,
)

NAME: Final = "SEMAINE"
GRID_SECONDS: Final = 0.1
"""Between the values of a track that raters are averaged on."""
VIDEOS: Final = ("User Frontal_C", "User Frontal", "User_AV_lowQ")
"""Names of the user's video, the best one first."""

_TRACE: Final = re.compile(r"[AR]\d+[RS]\d+TUC(?:Ob|Po|Pr|Sp)2?D([VA])\.txt")
_DIMENSIONS: Final = ("V", "A")
_WORD: Final = re.compile(r"(\d+)\s+(\d+)\s+(\S+)")
_TOLERANCE: Final = 1e-3
"""So far beyond [-1, 1] a traced value may lie by rounding."""

Trace = npt.NDArray[np.float64]
"""Shape (n, 2): times in s, ascending, and values."""


def load_semaine(root: Path) -> RecordingCorpus:
    """Find the sessions in which the user was rated.

    Raises:
        CorpusError: if the folder ``Sessions`` is missing or nothing can be used. Sessions without
            video, sound or ratings are passed over, single traces that cannot be read too; both
            are listed in `RecordingCorpus.broken`.
    """
    sessions = root / "Sessions"
    require_folders(NAME, root, sessions)
    recordings, broken = [], []
    for folder in sorted(path for path in sessions.iterdir() if path.is_dir()):
        try:
            recording = _read_session(folder, broken)
        except ValueError as error:
            broken.append(f"{folder}: {error}")
            continue
        recordings.append(recording)
    return RecordingCorpus.of(NAME, root, recordings, broken)


def read_trace(path: Path) -> Trace:
    """Read one rater's trace.

    Raises:
        ValueError: if it is empty, a line is not two numbers, or a value is outside [-1, 1].
    """
    rows = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            time, value = (float(part) for part in line.split())
        except ValueError as error:
            raise ValueError(f"line {number} is not a time and a value") from error
        if not (np.isfinite(time) and abs(value) <= 1.0 + _TOLERANCE):
            raise ValueError(f"line {number}: {value} at {time} s is outside -1 to 1")
        rows.append((time, value))
    if not rows:
        raise ValueError("it is empty")
    trace = np.array(rows, np.float64)
    _, first = np.unique(trace[:, 0], return_index=True)
    return trace[first]


def average_traces(traces: list[Trace], times: npt.NDArray[np.float64]) -> Trace:
    """Return the mean of the raters at some times, (T,); NaN where nobody rated."""
    values = [
        np.interp(times, trace[:, 0], trace[:, 1], left=np.nan, right=np.nan) for trace in traces
    ]
    known = np.isfinite(values).sum(axis=0)
    total = np.nansum(values, axis=0)
    return np.where(known > 0, np.clip(total / np.maximum(known, 1), -1.0, 1.0), np.nan)


def read_turns(path: Path) -> tuple[Sentence, ...]:
    """Return the turns of a word-level transcript.

    Marks such as ``<LAUGH>`` and lines of another form are no words.
    """
    turns: list[Sentence] = []
    words: list[str] = []
    end = 0.0
    for line in (*path.read_text("utf-8", "replace").splitlines(), "."):
        match = _WORD.fullmatch(line.strip())
        if match is not None:
            if not match[3].startswith("<"):
                words.append(match[3])
            end = float(match[2]) / 1000.0
        elif words and line.strip().startswith((".", "---")):
            turns.append(Sentence(" ".join(words).capitalize(), end))
            words = []
    return tuple(turns)


def _read_session(folder: Path, broken: list[str]) -> Recording:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    video = _video(files)
    sound = next(
        (p for p in files if "User HeadMounted" in p.name and p.suffix.lower() == ".wav"), None
    )
    if sound is None:
        raise ValueError("no sound of the user (User HeadMounted)")
    traces: dict[str, list[Trace]] = {dimension: [] for dimension in _DIMENSIONS}
    for path in files:
        match = _TRACE.fullmatch(path.name)
        if match is None:
            continue
        try:
            traces[match[1]].append(read_trace(path))
        except (ValueError, OSError) as error:
            broken.append(f"{path}: {error}; the other raters count")
    lacking = [dimension for dimension in _DIMENSIONS if not traces[dimension]]
    if lacking:
        raise ValueError(f"no readable trace of the user's dimension {lacking[0]}")
    end = max(float(trace[-1, 0]) for both in traces.values() for trace in both)
    times = np.arange(int(end / GRID_SECONDS) + 1) * GRID_SECONDS
    values = np.stack([average_traces(traces[d], times) for d in _DIMENSIONS], axis=1)
    transcript = next(
        (p for p in files if re.fullmatch(r"wordLevel_alignedTranscript.*_user", p.stem)), None
    )
    return Recording(
        f"session_{folder.name}",
        sound.name.partition("_")[0],
        video,
        sound,
        read_turns(transcript) if transcript is not None else (),
        affect=AffectTrack(times, values.astype(np.float32)),
    )


def _video(files: list[Path]) -> Path:
    for part in VIDEOS:
        for path in files:
            if part in path.name and path.suffix.lower() == ".avi":
                return path
    raise ValueError("no video of the user (User Frontal)")
