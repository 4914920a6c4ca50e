"""RAVDESS: 24 actors speak two sentences in eight emotions (Livingstone & Russo, 2018).

File names are seven numbers: modality-channel-emotion-intensity-statement-repetition-actor.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from emotion_core.affect import Emotion
from emotion_train.corpora.utterances import SpeechCorpus, read_corpus

NAME: Final = "ravdess"
ACTORS: Final = 24
SPLITS: Final = {
    "train": tuple(range(1, 19)),
    "valid": (19, 20),
    "test": (21, 22, 23, 24),
}
"""Actors of each split; odd ones are male, even ones female."""

_PATTERN: Final = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
_AUDIO_ONLY: Final = "03"
_SPEECH: Final = "01"
# Calm is acted as a second neutral and has no class of its own here.
_EMOTIONS: Final = {
    "01": Emotion.NEUTRAL,
    "02": Emotion.NEUTRAL,
    "03": Emotion.HAPPY,
    "04": Emotion.SAD,
    "05": Emotion.ANGRY,
    "06": Emotion.FEAR,
    "07": Emotion.DISGUST,
    "08": Emotion.SURPRISE,
}


def parse_ravdess_name(stem: str) -> tuple[int, Emotion] | None:
    """Return actor and emotion of a file name without suffix; None for song and for video.

    Raises:
        ValueError: if the name is not RAVDESS's.
    """
    match = _PATTERN.fullmatch(stem)
    if match is None:
        raise ValueError("the name is not seven numbers of two digits")
    modality, channel, emotion, _, _, _, actor = match.groups()
    if emotion not in _EMOTIONS:
        raise ValueError(f"there is no emotion {emotion}")
    if not 1 <= int(actor) <= ACTORS:
        raise ValueError(f"there is no actor {actor}")
    if modality != _AUDIO_ONLY or channel != _SPEECH:
        return None
    return int(actor), _EMOTIONS[emotion]


def load_ravdess(folder: Path) -> SpeechCorpus:
    """Read the spoken utterances below a folder; see `read_corpus`.

    Raises:
        CorpusError: if there is none.
    """
    return read_corpus(NAME, folder, parse_ravdess_name)
