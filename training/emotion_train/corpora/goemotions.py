"""GoEmotions: comments with any number of emotions, here Ekman's (Demszky et al., 2020)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.meld import EMOTIONS, split_file
from emotion_train.corpora.sentences import SentenceCorpus, open_table

SPLIT_FILES: Final = {"train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"}
EKMAN_LABELS: Final = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
"""The order of the numbers where no ``labels.txt`` lies beside the table."""
NAMES_FILE: Final = "labels.txt"
THRESHOLD: Final = 0.3
"""Probability from which an emotion counts as present, as in the corpus's paper."""


def load_goemotions(path: Path, split: str) -> SentenceCorpus:
    """Read one split at Ekman's level.

    Args:
        path: ``<split>.tsv`` itself (text, label numbers with commas, id; no header) or the folder
            it lies in, with ``labels.txt`` beside it.
        split: train, dev or test; of no matter when ``path`` is a file.

    Raises:
        CorpusError: if the file is missing, ``labels.txt`` names an unknown emotion, or no row is
            readable. Single broken rows are passed over and listed in `SentenceCorpus.broken`.
    """
    file = split_file(path, split, SPLIT_FILES, "GoEmotions")
    names = _read_names(file.parent / NAMES_FILE)
    texts: list[str] = []
    labels: list[list[int]] = []
    broken: list[str] = []
    with open_table(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                text, positions = _parse(line.rstrip("\r\n"), names)
            except ValueError as error:
                broken.append(f"row {number}: {error}")
                continue
            texts.append(text)
            labels.append(positions)
    return SentenceCorpus.of_labels(str(file), texts, labels, broken)


def _read_names(file: Path) -> tuple[int, ...]:
    """Return the position in our labels of each of the corpus's label numbers."""
    names: tuple[str, ...] = EKMAN_LABELS
    if file.is_file():
        with open_table(file) as stream:
            names = tuple(stream.read().split())
    unknown = [name for name in names if name not in EMOTIONS]
    if unknown:
        raise CorpusError(
            f"{file} names {unknown[0]!r}, which is none of {', '.join(EMOTIONS)}: "
            "the labels must be those of Ekman's level"
        )
    return tuple(LABELS.index(EMOTIONS[name]) for name in names)


def _parse(line: str, names: tuple[int, ...]) -> tuple[str, list[int]]:
    fields = line.split("\t")
    if len(fields) < 2:
        raise ValueError(f"{len(fields)} columns instead of text, labels and id")
    numbers = fields[1].split(",")
    unknown = [number for number in numbers if number not in {str(n) for n in range(len(names))}]
    if unknown:
        raise ValueError(f"label {unknown[0]!r} is not 0 to {len(names) - 1}")
    return fields[0], [names[int(number)] for number in numbers]
