"""RAVDESS: 24 actors speak two sentences in eight emotions (Livingstone & Russo, 2018).

File names are seven numbers: modality-channel-emotion-intensity-statement-repetition-actor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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

AUDIO_VIDEO: Final = "01"
VIDEO_ONLY: Final = "02"
AUDIO_ONLY: Final = "03"
"""Modalities."""
SPEECH: Final = "01"
"""The channel that is no song."""
STATEMENTS: Final = {
    "01": "Kids are talking by the door.",
    "02": "Dogs are sitting by the door.",
}

_PATTERN: Final = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
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


@dataclass(frozen=True)
class RavdessName:
    """What a file name tells.

    Attributes:
        modality: AUDIO_VIDEO, VIDEO_ONLY or AUDIO_ONLY.
        channel: SPEECH, or another number for song.
        emotion: what was acted.
        statement: the sentence.
        take: everything but the modality, which is the same in all files of one take.
        actor: 1 to ACTORS.
    """

    modality: str
    channel: str
    emotion: Emotion
    statement: str
    take: tuple[str, ...]
    actor: int

    @classmethod
    def parse(cls, stem: str) -> RavdessName:
        """Read a file name without suffix.

        Raises:
            ValueError: if the name is not RAVDESS's.
        """
        match = _PATTERN.fullmatch(stem)
        if match is None:
            raise ValueError("the name is not seven numbers of two digits")
        modality, *take = match.groups()
        channel, emotion, _, statement, _, actor = take
        if emotion not in _EMOTIONS:
            raise ValueError(f"there is no emotion {emotion}")
        if not 1 <= int(actor) <= ACTORS:
            raise ValueError(f"there is no actor {actor}")
        if statement not in STATEMENTS:
            raise ValueError(f"there is no statement {statement}")
        text = STATEMENTS[statement]
        return cls(modality, channel, _EMOTIONS[emotion], text, tuple(take), int(actor))


def parse_ravdess_name(stem: str) -> tuple[int, Emotion] | None:
    """Return actor and emotion of a file name without suffix; None for song and for video.

    Raises:
        ValueError: if the name is not RAVDESS's.
    """
    name = RavdessName.parse(stem)
    if name.modality != AUDIO_ONLY or name.channel != SPEECH:
        return None
    return name.actor, name.emotion


def load_ravdess(folder: Path) -> SpeechCorpus:
    """Read the spoken utterances below a folder; see `read_corpus`.

    Raises:
        CorpusError: if there is none.
    """
    return read_corpus(NAME, folder, parse_ravdess_name)
