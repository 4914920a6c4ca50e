"""Calming frame-by-frame expression scores without lagging behind the face."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emotion_core.affect import EMOTIONS


@dataclass(frozen=True)
class SmoothingParameters:
    """How fast and how stubborn the smoothing is.

    Attributes:
        time_constant: of the exponential filter, s; a step is half passed after 0.69 of it.
        margin: by how much another label must exceed the present one to replace it.
        expiry: after so many seconds without a sample the history no longer counts.
    """

    time_constant: float = 0.2
    margin: float = 0.05
    expiry: float = 1.0

    def __post_init__(self) -> None:
        if self.time_constant < 0 or self.expiry <= 0 or not 0 <= self.margin < 1:
            raise ValueError(f"smoothing parameters out of range: {self}")


@dataclass(frozen=True)
class SmoothedExpression:
    """A person's expression now.

    Attributes:
        label_index: of the label in `affect.EMOTIONS`.
        probabilities: float32 (7,), summing to one.
        valence: in [-1, 1].
        arousal: in [-1, 1].
    """

    label_index: int
    probabilities: npt.NDArray[np.float32]
    valence: float
    arousal: float

    @property
    def label(self) -> str:
        """The project's word for the label."""
        return EMOTIONS[self.label_index].value

    @property
    def confidence(self) -> float:
        """Probability of the label, [0, 1]."""
        return float(self.probabilities[self.label_index])


class ExpressionSmoother:
    """First-order low-pass over irregular samples of one person, with hysteresis on the label."""

    def __init__(self, parameters: SmoothingParameters) -> None:
        self._parameters = parameters
        self._state: npt.NDArray[np.float64] | None = None
        self._time = -math.inf
        self._label_index = 0

    @property
    def time(self) -> float:
        """Capture time of the newest sample, s; -inf before the first."""
        return self._time

    def update(
        self,
        probabilities: npt.NDArray[np.float32],
        valence_arousal: npt.NDArray[np.float32],
        time: float,
    ) -> SmoothedExpression:
        """Take one sample and return the smoothed expression.

        Args:
            probabilities: float32 (7,).
            valence_arousal: float32 (2,).
            time: capture time, s. A sample older than the newest one is ignored.
        """
        sample = np.concatenate([probabilities, valence_arousal]).astype(np.float64)
        elapsed = time - self._time
        if self._state is None or elapsed > self._parameters.expiry:
            self._state = sample
            self._label_index = int(np.argmax(probabilities))
            self._time = time
        elif elapsed > 0:
            gain = 1.0
            if self._parameters.time_constant > 0:
                gain = -math.expm1(-elapsed / self._parameters.time_constant)
            self._state += gain * (sample - self._state)
            self._time = time
        smoothed = self._state[:-2]
        best = int(np.argmax(smoothed))
        if smoothed[best] > smoothed[self._label_index] + self._parameters.margin:
            self._label_index = best
        valence, arousal = np.clip(self._state[-2:], -1.0, 1.0)
        return SmoothedExpression(
            self._label_index, smoothed.astype(np.float32), float(valence), float(arousal)
        )


@dataclass
class PeopleSmoother:
    """One smoother per face id; those of faces long gone are forgotten."""

    parameters: SmoothingParameters = field(default_factory=SmoothingParameters)
    _smoothers: dict[str, ExpressionSmoother] = field(default_factory=dict)

    def update(
        self,
        face_id: str,
        probabilities: npt.NDArray[np.float32],
        valence_arousal: npt.NDArray[np.float32],
        time: float,
    ) -> SmoothedExpression:
        """Take one sample of the person; see `ExpressionSmoother.update`."""
        smoother = self._smoothers.setdefault(face_id, ExpressionSmoother(self.parameters))
        expression = smoother.update(probabilities, valence_arousal, time)
        self._smoothers = {
            known: kept
            for known, kept in self._smoothers.items()
            if time - kept.time <= self.parameters.expiry
        }
        return expression
