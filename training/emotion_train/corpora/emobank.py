"""EmoBank: sentences with ratings of valence and arousal (Buechel & Hahn, 2017)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.sentences import SentenceCorpus, open_table

FILE: Final = "emobank.csv"
SPLITS: Final = ("train", "dev", "test")
COLUMNS: Final = ("split", "V", "A", "text")
LOWEST: Final = 1.0
HIGHEST: Final = 5.0


def load_emobank(path: Path, split: str) -> SentenceCorpus:
    """Read one split.

    Args:
        path: ``emobank.csv`` or the folder it lies in.
        split: train, dev or test.

    Raises:
        CorpusError: if the file is missing, lacks a column, or has no readable row of the split.
            Single broken rows are passed over and listed in `SentenceCorpus.broken`.
    """
    if split not in SPLITS:
        raise CorpusError(f"EmoBank has the splits {', '.join(SPLITS)}, not {split!r}")
    file = path if path.is_file() else path / FILE
    if not file.is_file():
        raise CorpusError(f"no EmoBank at {path}: expected {FILE}")
    texts: list[str] = []
    ratings: list[tuple[float, float]] = []
    broken: list[str] = []
    with open_table(file) as stream:
        rows = csv.DictReader(stream)
        missing = set(COLUMNS) - set(rows.fieldnames or ())
        if missing:
            raise CorpusError(f"{file} lacks the columns {', '.join(sorted(missing))}")
        for number, row in enumerate(rows, start=2):
            if row["split"] != split:
                if row["split"] not in SPLITS:
                    broken.append(f"row {number}: split {row['split']!r} is unknown")
                continue
            try:
                text, rating = _parse(row)
            except ValueError as error:
                broken.append(f"row {number}: {error}")
                continue
            texts.append(text)
            ratings.append(rating)
    return SentenceCorpus.of_ratings(f"{file} ({split})", texts, ratings, broken)


def _parse(row: dict[str, str]) -> tuple[str, tuple[float, float]]:
    if row["text"] is None:
        raise ValueError("the row ends early")
    return row["text"], (_scale(row["V"], "valence"), _scale(row["A"], "arousal"))


def _scale(value: str | None, name: str) -> float:
    """Map a rating from 1…5 to -1…1."""
    try:
        rating = float(value or "")
    except ValueError:
        raise ValueError(f"{name} {value!r} is no number") from None
    if not LOWEST <= rating <= HIGHEST:
        raise ValueError(f"{name} {value} is not in {LOWEST:g} to {HIGHEST:g}")
    middle = (LOWEST + HIGHEST) / 2
    return (rating - middle) / (HIGHEST - middle)
