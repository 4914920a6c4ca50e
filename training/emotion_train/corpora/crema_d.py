"""CREMA-D: 91 actors say twelve sentences in six emotions (Cao et al., 2014).

Official layout: ``VideoFlash/<name>.flv`` and ``AudioWAV/<name>.wav``; names are
actor_sentence_emotion_level.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from emotion_core.affect import Emotion
from emotion_train.corpora.recordings import (
    Recording,
    RecordingCorpus,
    Sentence,
    require_folders,
)

NAME: Final = "CREMA-D"
SENTENCES: Final = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
EMOTIONS: Final = {
    "ANG": Emotion.ANGRY,
    "DIS": Emotion.DISGUST,
    "FEA": Emotion.FEAR,
    "HAP": Emotion.HAPPY,
    "NEU": Emotion.NEUTRAL,
    "SAD": Emotion.SAD,
}
LEVELS: Final = ("LO", "MD", "HI", "XX", "X")
"""Low, medium, high, unspecified; one file writes the last with a single letter."""

_PATTERN: Final = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})")


def parse_crema_d_name(stem: str) -> tuple[str, str, Emotion]:
    """Return actor, sentence and emotion of a file name without suffix.

    Raises:
        ValueError: if the name is not CREMA-D's.
    """
    match = _PATTERN.fullmatch(stem)
    if match is None:
        raise ValueError("the name is not actor_sentence_emotion_level")
    actor, sentence, emotion, level = match.groups()
    if sentence not in SENTENCES:
        raise ValueError(f"there is no sentence {sentence}")
    if emotion not in EMOTIONS:
        raise ValueError(f"there is no emotion {emotion}")
    if level not in LEVELS:
        raise ValueError(f"there is no level {level}")
    return actor, SENTENCES[sentence], EMOTIONS[emotion]


def load_crema_d(root: Path) -> RecordingCorpus:
    """Find the recordings of the corpus.

    Raises:
        CorpusError: if a folder is missing or nothing can be used. Single files with another name
            or without their partner are passed over and listed in `RecordingCorpus.broken`.
    """
    videos, sounds = root / "VideoFlash", root / "AudioWAV"
    require_folders(NAME, root, videos, sounds)
    stems = {path.stem for path in (*videos.glob("*.flv"), *sounds.glob("*.wav"))}
    recordings, broken = [], []
    for stem in sorted(stems):
        video, sound = videos / f"{stem}.flv", sounds / f"{stem}.wav"
        try:
            actor, text, emotion = parse_crema_d_name(stem)
        except ValueError as error:
            broken.append(f"{stem}: {error}")
            continue
        missing = [path for path in (video, sound) if not path.is_file()]
        if missing:
            broken.append(f"{stem}: no {missing[0]}")
            continue
        recordings.append(Recording(stem, actor, video, sound, (Sentence(text),), emotion))
    return RecordingCorpus.of(NAME, root, recordings, broken)
