"""Which expression of a person to answer: believed only when it lasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from emotion_core.affect import EMOTIONS, Emotion
from emotion_core.behaviour.reactions import ExpressionGate

_EXPIRY: Final = 3.0
"""After so many seconds without news an expression is no longer known, s."""
_ROUNDING: Final = 1e-3
"""A probability of a float32 network may leave [0, 1] by this much."""
_NEUTRAL: Final = EMOTIONS.index(Emotion.NEUTRAL)


class SteadyExpression:
    """Low-pass over a person's probabilities with hysteresis and a least time between changes.

    It starts from neutral, so that the first picture of a face does not decide alone.

    Args:
        settings: thresholds and times.
    """

    def __init__(self, settings: ExpressionGate) -> None:
        self._settings = settings
        self._reset()

    def _reset(self) -> None:
        self._level = [0.0] * len(EMOTIONS)
        self._level[_NEUTRAL] = 1.0
        self._time = math.nan
        self._index = _NEUTRAL
        self._changed = -math.inf

    def observe(self, time: float, probabilities: Sequence[float]) -> None:
        """Take one sample; one that is older than the newest is ignored.

        Args:
            time: capture time, s.
            probabilities: of the seven expressions in label order.

        Raises:
            ValueError: if there are not seven values in [0, 1].
        """
        least, most = -_ROUNDING, 1 + _ROUNDING
        if len(probabilities) != len(EMOTIONS) or not all(
            least <= p <= most for p in probabilities
        ):
            raise ValueError(
                f"expression needs {len(EMOTIONS)} probabilities in [0, 1], got {probabilities}"
            )
        if time - self._time > _EXPIRY:
            self._reset()
        elapsed = 0.0 if math.isnan(self._time) else time - self._time
        if elapsed < 0:
            return
        self._time = time
        gain = -math.expm1(-elapsed / self._settings.time_constant)
        self._level = [
            level + gain * (p - level) for level, p in zip(self._level, probabilities, strict=True)
        ]
        self._decide(time)

    def emotion(self, time: float) -> Emotion:
        """Return the expression that counts at a time."""
        if not time - self._time <= _EXPIRY:
            return Emotion.NEUTRAL
        return EMOTIONS[self._index]

    def _decide(self, time: float) -> None:
        settings = self._settings
        if time - self._changed < settings.hold:
            return
        best = max(range(len(self._level)), key=self._level.__getitem__)
        present = self._level[self._index]
        if self._level[best] >= max(settings.enter, present + settings.lead):
            self._change(best, time)
        elif present < settings.leave:
            self._change(_NEUTRAL, time)

    def _change(self, index: int, time: float) -> None:
        if index != self._index:
            self._index = index
            self._changed = time
