"""MELD: utterances of a television series with one of seven emotions (Poria et al., 2019)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.sentences import SentenceCorpus, open_table

SPLIT_FILES: Final = {
    "train": "train_sent_emo.csv",
    "dev": "dev_sent_emo.csv",
    "test": "test_sent_emo.csv",
}
EMOTIONS: Final = {
    "neutral": "neutral",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fear",
    "disgust": "disgust",
    "surprise": "surprise",
}
COLUMNS: Final = ("Utterance", "Emotion", "Dialogue_ID", "Utterance_ID")
CONTEXT_UTTERANCES: Final = 4
"""So many utterances before one are its context."""


@dataclass(frozen=True)
class MeldUtterance:
    """One row of a split.

    Attributes:
        text: what is said.
        label: position in `affect.LABELS`.
        dialogue: number within the split.
        utterance: number within the dialogue.
        speaker: name of the character; empty in a table without that column.
    """

    text: str
    label: int
    dialogue: int
    utterance: int
    speaker: str


def load_meld(path: Path, split: str) -> SentenceCorpus:
    """Read one split.

    Args:
        path: ``<split>_sent_emo.csv`` itself or the folder it lies in.
        split: train, dev or test; of no matter when ``path`` is a file.

    Raises:
        CorpusError: if the file is missing, lacks a column or has no readable row. Single broken
            rows are passed over and listed in `SentenceCorpus.broken`.
    """
    file = split_file(path, split, SPLIT_FILES, "MELD")
    utterances, broken = read_utterances(file)
    return SentenceCorpus.of_labels(
        str(file),
        [utterance.text for utterance in utterances],
        [[utterance.label] for utterance in utterances],
        broken,
        contexts=_contexts(utterances),
    )


def read_utterances(file: Path) -> tuple[list[MeldUtterance], list[str]]:
    """Return the rows of a split's table, and the reason for each one that cannot be read.

    Raises:
        CorpusError: if the table cannot be opened or lacks a column.
    """
    utterances, broken = [], []
    with open_table(file) as stream:
        rows = csv.DictReader(stream)
        missing = set(COLUMNS) - set(rows.fieldnames or ())
        if missing:
            raise CorpusError(f"{file} lacks the columns {', '.join(sorted(missing))}")
        for number, row in enumerate(rows, start=2):
            try:
                utterance = _parse(row)
            except ValueError as error:
                broken.append(f"row {number}: {error}")
                continue
            utterances.append(utterance)
    return utterances, broken


def split_file(path: Path, split: str, files: dict[str, str], corpus: str) -> Path:
    """Return the file of a split: ``path`` itself, or the one in that folder.

    Raises:
        CorpusError: if there is none.
    """
    if path.is_file():
        return path
    if split not in files:
        raise CorpusError(f"{corpus} has the splits {', '.join(files)}, not {split!r}")
    file = path / files[split]
    if not file.is_file():
        raise CorpusError(f"no split {split!r} of {corpus} at {path}: expected {files[split]}")
    return file


def _parse(row: dict[str, str]) -> MeldUtterance:
    if row["Utterance"] is None or None in (row["Emotion"], row["Utterance_ID"]):
        raise ValueError("the row ends early")
    emotion = EMOTIONS.get(row["Emotion"].strip().lower())
    if emotion is None:
        raise ValueError(f"emotion {row['Emotion']!r} is none of {', '.join(EMOTIONS)}")
    try:
        dialogue, utterance = int(row["Dialogue_ID"]), int(row["Utterance_ID"])
    except ValueError as error:
        raise ValueError("Dialogue_ID or Utterance_ID is no whole number") from error
    label = LABELS.index(emotion)
    return MeldUtterance(row["Utterance"], label, dialogue, utterance, row.get("Speaker") or "")


def _contexts(utterances: list[MeldUtterance]) -> list[str]:
    said = {(one.dialogue, one.utterance): one.text for one in utterances}
    return [
        " ".join(
            said[one.dialogue, before]
            for before in range(one.utterance - CONTEXT_UTTERANCES, one.utterance)
            if (one.dialogue, before) in said
        )
        for one in utterances
    ]
