"""What the modalities say about one person at one moment, as the fusion takes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS

Vector = npt.NDArray[np.float32]

SCORES: Final = len(LABELS) + 2
"""Log-probabilities, valence and arousal: the part of a feature vector before the embedding."""

SMALLEST_PROBABILITY: Final = 1e-4

VOICE_LIFETIME_SECONDS: Final = 1.0
"""A voice window whose newest sample is older than this counts for nothing."""

WORDS_LIFETIME_SECONDS: Final = 4.0
"""So long after its end an utterance still says something about its speaker."""

EARLINESS_SECONDS: Final = 0.5
"""Sound may be this much newer than the frame it is joined with."""


class Modality(IntEnum):
    """In the order of weights, presence masks and features everywhere."""

    FACE = 0
    VOICE = 1
    WORDS = 2


@dataclass(frozen=True)
class ModalityScores:
    """What the model of one modality says.

    Attributes:
        probabilities: float32 (7,), in label order.
        valence_arousal: float32 (2,) in [-1, 1].
        embedding: float32 (D,), of a size that the model decides.
        time: capture time of the newest data behind it, s.
    """

    probabilities: Vector
    valence_arousal: Vector
    embedding: Vector
    time: float

    def features(self) -> Vector:
        """Return the fusion's input, float32 (SCORES + D,).

        Values that are not finite make all of it zero, which is what an absent modality has.
        """
        logarithms = np.log(np.maximum(self.probabilities, SMALLEST_PROBABILITY))
        features = np.concatenate([logarithms, self.valence_arousal, self.embedding])
        if not np.isfinite(features).all():
            return np.zeros(len(features), np.float32)
        return np.asarray(features, np.float32)


@dataclass(frozen=True)
class Evidence:
    """Everything known about a person at a moment; None for what is missing."""

    face: ModalityScores | None = None
    voice: ModalityScores | None = None
    words: ModalityScores | None = None

    def by_modality(self) -> tuple[ModalityScores | None, ...]:
        """Return the scores in the order of `Modality`."""
        return self.face, self.voice, self.words

    def fresh(self, time: float) -> Evidence:
        """Return what of it still counts at a capture time, s."""
        return Evidence(
            self.face,
            _if_fresh(self.voice, time, VOICE_LIFETIME_SECONDS),
            _if_fresh(self.words, time, WORDS_LIFETIME_SECONDS),
        )


def _if_fresh(scores: ModalityScores | None, time: float, lifetime: float) -> ModalityScores | None:
    if scores is None or not -EARLINESS_SECONDS <= time - scores.time <= lifetime:
        return None
    return scores
