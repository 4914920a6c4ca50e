"""FER+: ten annotators' votes for each face of FER2013 (Barsoum et al., 2016)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError

COLUMNS: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
_COLUMN_OF: Final = {
    "neutral": "neutral",
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "fear": "fear",
    "disgust": "disgust",
    "surprise": "surprise",
}
_SEVEN: Final = [COLUMNS.index(_COLUMN_OF[label]) for label in LABELS]
_EIGHT: Final = [*_SEVEN, COLUMNS.index("contempt")]

Votes = dict[str, npt.NDArray[np.int64]]
"""Votes in the order of `COLUMNS` by image name."""


def load_votes(path: Path) -> Votes:
    """Read ``fer2013new.csv``: votes per image name, in the order of `COLUMNS`.

    Rows without a name (pictures removed from FER+) and names that occur more than once are left
    out, since their votes cannot be joined beyond doubt.

    Raises:
        CorpusError: if a column is missing or a vote is no count; the message names the row.
    """
    rows: list[tuple[str, npt.NDArray[np.int64]]] = []
    try:
        stream = path.open(newline="", encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"cannot read the FER+ votes: {error}") from error
    with stream:
        reader = csv.DictReader(stream)
        missing = {"Image name", *COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise CorpusError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        for number, row in enumerate(reader, start=2):
            try:
                votes = np.array([int(row[column]) for column in COLUMNS], dtype=np.int64)
            except (TypeError, ValueError) as error:
                raise CorpusError(f"{path}, row {number}: a vote is no whole number") from error
            if votes.min() < 0:
                raise CorpusError(f"{path}, row {number}: a vote is negative")
            rows.append((row["Image name"], votes))
    occurrences = Counter(name for name, _ in rows)
    return {name: votes for name, votes in rows if name and occurrences[name] == 1}


def vote_distributions(votes: Votes, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the share of each of our seven labels in the votes, float32 (n, 7).

    Contempt, unknown and no-face votes are left out of the shares. A face without any vote for the
    seven, or without votes at all, has a row of zeros.
    """
    counts = np.zeros((len(names), len(LABELS)), dtype=np.float32)
    for position, name in enumerate(names):
        if name in votes:
            counts[position] = votes[name][_SEVEN]
    totals = counts.sum(axis=1, keepdims=True)
    np.divide(counts, totals, out=counts, where=totals > 0)
    return counts


def majority_labels(
    votes: Votes, names: Sequence[str], *, contempt: bool = False
) -> npt.NDArray[np.int64]:
    """Return the label most annotators chose, int64 (n,), -1 where there is none.

    The rule is that of FER+: a face counts only when one emotion has more votes than every other
    category, unknown and no-face included. With ``contempt`` it is an eighth class, number 7;
    otherwise a face with that majority counts as having none.
    """
    columns = _EIGHT if contempt else _SEVEN
    result = np.full(len(names), -1, dtype=np.int64)
    for position, name in enumerate(names):
        if name not in votes:
            continue
        counts = votes[name]
        winner = int(counts.argmax())
        if winner in columns and int((counts == counts[winner]).sum()) == 1:
            result[position] = columns.index(winner)
    return result
