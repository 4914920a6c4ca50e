"""The angle that the behaviour adds to the gaze, and how it gets into the head's set-point.

Needs nothing but the head's limits, because the gaze imports it too. Angles are rad, pan positive
to the robot's left and tilt positive upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from emotion_core.head.limits import HeadLimits

_EXPIRY: Final = 1.0
"""An offset that is not renewed for this long no longer counts, s."""
_FADE: Final = 1.0
"""Time in which an expired offset goes to zero and in which the first one takes effect, s."""


@dataclass(frozen=True, slots=True)
class Offset:
    """An angle of each axis, rad."""

    pan: float = 0.0
    tilt: float = 0.0

    def __add__(self, other: Offset) -> Offset:
        return Offset(self.pan + other.pan, self.tilt + other.tilt)

    def scaled(self, factor: float) -> Offset:
        """Return the offset times a factor."""
        return Offset(self.pan * factor, self.tilt * factor)


STILL: Final = Offset()


def within_room(offset: Offset, gaze: Offset, limits: HeadLimits) -> Offset:
    """Return the part of an offset for which the head has room beside the gaze.

    Args:
        offset: wanted.
        gaze: where the gaze looks; outside the head's range it counts as at the end of it.
        limits: of the head.

    Raises:
        ValueError: if an angle is not finite.
    """
    pan, tilt = limits.pan.clamp(gaze.pan), limits.tilt.clamp(gaze.tilt)
    return Offset(
        limits.pan.clamp(pan + offset.pan) - pan, limits.tilt.clamp(tilt + offset.tilt) - tilt
    )


def add_to_gaze(gaze: Offset, offset: Offset, limits: HeadLimits) -> Offset:
    """Return the head's set-point: gaze and offset together, within the head's range.

    Raises:
        ValueError: if an angle is not finite.
    """
    return Offset(
        limits.pan.clamp(limits.pan.clamp(gaze.pan) + offset.pan),
        limits.tilt.clamp(limits.tilt.clamp(gaze.tilt) + offset.tilt),
    )


class OffsetFollower:
    """Makes a steady movement of offsets that arrive more slowly than set-points are sent.

    Each new offset is reached in the time that lay between the last two, which costs one such
    interval of delay and spares the head a staircase. All times are s on one clock.
    """

    def __init__(self) -> None:
        self._start = STILL
        self._goal = STILL
        self._received = -math.inf
        self._interval = _FADE

    def receive(self, time: float, offset: Offset) -> None:
        """Take a new offset.

        Args:
            time: when it arrived, s.
            offset: rad.

        Raises:
            ValueError: if a number is not finite.
        """
        if not (math.isfinite(time) and math.isfinite(offset.pan) and math.isfinite(offset.tilt)):
            raise ValueError(f"offset must be finite, got {offset} at {time}")
        gap = time - self._received
        self._start = self.at(time)
        self._goal = offset
        # A clock that was set back counts like a first arrival.
        self._interval = gap if 0.0 < gap < _FADE else _FADE
        self._received = time

    def at(self, time: float) -> Offset:
        """Return the offset that counts at a time, rad."""
        age = time - self._received
        if age > _EXPIRY:
            return self._goal.scaled(max(0.0, 1.0 - (age - _EXPIRY) / _FADE))
        share = min(max(age / self._interval, 0.0), 1.0)
        return self._start.scaled(1.0 - share) + self._goal.scaled(share)
