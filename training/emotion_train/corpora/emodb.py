"""EmoDB: ten actors speak ten German sentences in seven emotions (Burkhardt et al., 2005).

File names are speaker (two digits), text (letter and two digits), emotion and version.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from emotion_core.affect import Emotion
from emotion_train.corpora.utterances import SpeechCorpus, read_corpus

NAME: Final = "emodb"
SPLITS: Final = {
    "train": (3, 8, 9, 10, 11, 12, 13, 14),
    "test": (15, 16),
}
"""Speakers of each split."""

_PATTERN: Final = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z]?)")
_BOREDOM: Final = "L"
# The letters are those of the German words.
_EMOTIONS: Final = {
    "N": Emotion.NEUTRAL,
    "F": Emotion.HAPPY,
    "T": Emotion.SAD,
    "W": Emotion.ANGRY,
    "A": Emotion.FEAR,
    "E": Emotion.DISGUST,
}


def parse_emodb_name(stem: str) -> tuple[int, Emotion] | None:
    """Return speaker and emotion of a file name without suffix; None for boredom.

    Boredom is left out: it is none of our seven emotions. Surprise does not occur.

    Raises:
        ValueError: if the name is not EmoDB's.
    """
    match = _PATTERN.fullmatch(stem)
    if match is None:
        raise ValueError("the name is not speaker, text, emotion and version")
    speaker, _, letter, _ = match.groups()
    if letter == _BOREDOM:
        return None
    if letter not in _EMOTIONS:
        raise ValueError(f"there is no emotion {letter}")
    return int(speaker), _EMOTIONS[letter]


def load_emodb(folder: Path) -> SpeechCorpus:
    """Read the utterances below a folder, boredom left out; see `read_corpus`.

    Raises:
        CorpusError: if there is none.
    """
    return read_corpus(NAME, folder, parse_emodb_name)
