"""The vocabulary of affect: the seven emotions, valence and arousal, and Russell's circumplex.

Every label list, label order and emotion coordinate of the project comes from here.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt


class Emotion(Enum):
    """The seven classes; the order of definition is the order of every probability vector."""

    NEUTRAL = "neutral"
    HAPPY = "happy"
    SAD = "sad"
    ANGRY = "angry"
    FEAR = "fear"
    DISGUST = "disgust"
    SURPRISE = "surprise"

    @property
    def rep155(self) -> str:
        """The word REP-155 (ROS4HRI) uses for this expression."""
        return _REP155_WORDS[self]

    @classmethod
    def from_rep155(cls, word: str) -> Emotion:
        """Return the emotion for a REP-155 word.

        Raises:
            ValueError: if REP-155's list, as far as the project uses it, lacks the word.
        """
        for emotion, known in _REP155_WORDS.items():
            if known == word:
                return emotion
        raise ValueError(f"{word!r} is not one of {', '.join(_REP155_WORDS.values())}")

    @property
    def coordinates(self) -> tuple[float, float]:
        """Valence and arousal of the emotion word, each in [-1, 1] (Russell & Mehrabian, 1977)."""
        return _COORDINATES[self]


_REP155_WORDS: Final = {
    Emotion.NEUTRAL: "neutral",
    Emotion.HAPPY: "happy",
    Emotion.SAD: "sad",
    Emotion.ANGRY: "angry",
    Emotion.FEAR: "scared",
    Emotion.DISGUST: "disgusted",
    Emotion.SURPRISE: "surprised",
}

_COORDINATES: Final = {
    Emotion.NEUTRAL: (0.0, 0.0),
    Emotion.HAPPY: (0.81, 0.51),
    Emotion.SAD: (-0.63, -0.27),
    Emotion.ANGRY: (-0.51, 0.59),
    Emotion.FEAR: (-0.64, 0.60),
    Emotion.DISGUST: (-0.60, 0.35),
    Emotion.SURPRISE: (0.40, 0.67),
}

EMOTIONS: Final[tuple[Emotion, ...]] = tuple(Emotion)
LABELS: Final[tuple[str, ...]] = tuple(emotion.value for emotion in EMOTIONS)
EMOTION_COORDINATES: Final[npt.NDArray[np.float32]] = np.array(
    [emotion.coordinates for emotion in EMOTIONS], dtype=np.float32
)
"""Shape (7, 2): valence and arousal of each class in label order."""

AFFECT_CONCEPTS: Final[tuple[str, ...]] = (
    "pleasure",
    "excitement",
    "arousal",
    "distress",
    "misery",
    "depression",
    "sleepiness",
    "contentment",
)
"""Russell's (1980) eight concepts, counter-clockwise from 0° in steps of 45°."""


def affect_concept(valence: float, arousal: float) -> str:
    """Return the one of Russell's eight concepts nearest to the angle atan2(arousal, valence).

    Args:
        valence: pleasantness in [-1, 1].
        arousal: activation in [-1, 1].

    Raises:
        ValueError: if either value is not finite.
    """
    if not (math.isfinite(valence) and math.isfinite(arousal)):
        raise ValueError(f"valence and arousal must be finite, got {valence} and {arousal}")
    octant = round(math.degrees(math.atan2(arousal, valence)) / 45.0)
    return AFFECT_CONCEPTS[octant % len(AFFECT_CONCEPTS)]


def expected_valence_arousal(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the expected valence and arousal under class probabilities.

    Args:
        probabilities: shape (..., 7), each row summing to one, in label order.

    Returns:
        Shape (..., 2), float32 in [-1, 1].
    """
    return np.asarray(probabilities, dtype=np.float32) @ EMOTION_COORDINATES
