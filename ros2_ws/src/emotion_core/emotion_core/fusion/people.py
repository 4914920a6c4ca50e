"""One memory of the fusion per person, stepped by capture time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emotion_core.fusion.evidence import Evidence
from emotion_core.inference.fusion import STEP_SECONDS, FusionMemory, FusionModel, FusionScores
from emotion_core.inference.smoothing import (
    PeopleSmoother,
    SmoothedExpression,
    SmoothingParameters,
)

FACE_ONLY = (1.0, 0.0, 0.0)


@dataclass(frozen=True)
class FusedExpression:
    """A person's expression and where it comes from.

    Attributes:
        expression: label, probabilities, valence and arousal.
        weights: share of face, voice and words; 0 for a missing one.
    """

    expression: SmoothedExpression
    weights: tuple[float, float, float]


@dataclass
class _Person:
    memory: FusionMemory
    step: int | None = None
    time: float = -math.inf


@dataclass
class PeopleFusion:
    """Fuses the modalities of every person in view; those long gone are forgotten.

    Attributes:
        model: the network; None goes on with the face's own scores.
        smoothing: what follows the network, which remembers by itself: a short low-pass and a
            margin against flicker between labels. Without a network it does all the smoothing.
    """

    model: FusionModel | None
    smoothing: SmoothingParameters = field(default_factory=SmoothingParameters)
    _people: dict[str, _Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._smoother = PeopleSmoother(self.smoothing)

    def update(self, person: str, evidence: Evidence, time: float) -> FusedExpression | None:
        """Return the person's expression at a moment; None when nothing is known of it.

        The memory takes a step whenever capture time enters another tenth of a second; in between
        the newest evidence is judged on the memory as it stands. So the result follows from the
        capture times alone, not from when or how often this is called.

        Args:
            person: id of the face.
            evidence: what was last known; what has become stale is left out here.
            time: capture time, s.
        """
        fresh = evidence.fresh(time)
        if self.model is None:
            return self._face_alone(person, fresh, time)
        features, presence = self.model.inputs(fresh)
        if not presence.any():
            return None
        known = self._people.get(person)
        if known is None or not 0 <= time - known.time <= self.smoothing.expiry:
            known = _Person(self.model.blank())
            self._people[person] = known
        scores = self.model.step(features, presence, known.memory)
        step = math.floor(time / STEP_SECONDS)
        if step != known.step:
            known.memory, known.step = scores.memory, step
        known.time = time
        self._forget(time)
        return self._conclude(person, scores, time)

    def _conclude(self, person: str, scores: FusionScores, time: float) -> FusedExpression:
        expression = self._smoother.update(
            person, scores.probabilities[0], scores.valence_arousal[0], time
        )
        face, voice, words = _shares(scores.weights[0])
        return FusedExpression(expression, (face, voice, words))

    def _face_alone(self, person: str, evidence: Evidence, time: float) -> FusedExpression | None:
        if evidence.face is None:
            return None
        expression = self._smoother.update(
            person, evidence.face.probabilities, evidence.face.valence_arousal, time
        )
        return FusedExpression(expression, FACE_ONLY)

    def _forget(self, time: float) -> None:
        self._people = {
            name: kept
            for name, kept in self._people.items()
            if time - kept.time <= self.smoothing.expiry
        }


def _shares(weights: npt.NDArray[np.float32]) -> list[float]:
    return [float(weight) for weight in weights]
