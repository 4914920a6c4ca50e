"""The motion profile of one axis: limited in speed and acceleration, retargetable at any time.

The arithmetic is that of ``firmware/head/src/axis.h`` in the same integers, so that a virtual head
and the firmware take the same steps. Once per servo frame the profile picks the greatest speed from
which it can still stop at the target, within what speed and acceleration allow. In discrete time a
move of ``v``, then ``v - a``, ``v - 2a`` ... covers

    D(v) = v (n + 1) - a n (n + 1) / 2,   n = floor(v / a)

which is continuous and increasing in ``v``, so its inverse is one integer square root and one
division. Since ``D(v) = v + D(v - a)``, a speed that fits once fits after every following step: the
profile lands on the target exactly, without overshoot, and never leaves a range that holds all of
its targets.
"""

from __future__ import annotations

import math
from typing import Final

from emotion_core.head.limits import (
    ACCELERATION_UNIT,
    ANGLE_UNIT,
    VELOCITY_UNIT,
    AxisLimits,
    acceleration_to_wire,
    velocity_to_wire,
)

SERVO_FRAME: Final = 0.02
"""Time between two servo pulses and between two steps of the profile, s."""
SUBUNITS: Final = 256
"""Steps of the internal position per wire unit of angle."""

_FRAMES_PER_SECOND: Final = round(1 / SERVO_FRAME)


def to_angle_units(angle: float) -> int:
    """Return the angle (rad) in wire units, rounded to the nearest."""
    return round(angle / ANGLE_UNIT)


def velocity_per_frame(velocity: float) -> int:
    """Return a speed (rad/s) in subunits per servo frame, rounded down."""
    subunits_per_unit = round(SUBUNITS * VELOCITY_UNIT / ANGLE_UNIT)
    return velocity_to_wire(velocity) * subunits_per_unit // _FRAMES_PER_SECOND


def acceleration_per_frame(acceleration: float) -> int:
    """Return an acceleration (rad/s²) in subunits per servo frame squared, rounded down."""
    subunits_per_unit = round(SUBUNITS * ACCELERATION_UNIT / ANGLE_UNIT)
    return acceleration_to_wire(acceleration) * subunits_per_unit // _FRAMES_PER_SECOND**2


def stoppable_speed(distance: int, deceleration: int) -> int:
    """Return the greatest speed whose stop needs no more than a distance.

    Args:
        distance: way left, subunits, >= 0.
        deceleration: change of speed per frame, subunits, >= 1.

    Returns:
        The largest ``v`` with v + (v - a) + (v - 2a) + ... <= distance, subunits per frame.
    """
    frames = (math.isqrt(8 * (distance // deceleration) + 1) - 1) // 2
    return (distance + deceleration * (frames * (frames + 1) // 2)) // (frames + 1)


class Axis:
    """Position and speed of one axis, advanced by one servo frame (20 ms) at a time.

    Args:
        limits: range, speed and acceleration.
        position: starting angle, rad; clamped to the range.
    """

    def __init__(self, limits: AxisLimits, position: float = 0.0) -> None:
        self._limits = limits
        self._max_velocity = velocity_per_frame(limits.max_velocity)
        self._max_acceleration = acceleration_per_frame(limits.max_acceleration)
        self._position = to_angle_units(limits.clamp(position)) * SUBUNITS
        self._velocity = 0

    @property
    def limits(self) -> AxisLimits:
        """Range, speed and acceleration of this axis."""
        return self._limits

    @property
    def position(self) -> float:
        """Profiled angle, rad."""
        return self._position * (ANGLE_UNIT / SUBUNITS)

    @property
    def position_units(self) -> int:
        """Profiled angle as the wire carries it, rounded to the nearest unit."""
        return (self._position + SUBUNITS // 2) // SUBUNITS

    @property
    def velocity(self) -> float:
        """Profiled angular velocity of the last frame, rad/s."""
        return self._velocity * (ANGLE_UNIT / SUBUNITS / SERVO_FRAME)

    @property
    def at_rest(self) -> bool:
        """True when the last frame did not move."""
        return self._velocity == 0

    def step(self, target: float, max_velocity: float | None = None) -> float:
        """Advance by one servo frame towards a target.

        Args:
            target: wanted angle, rad; clamped to the range, any jump is allowed.
            max_velocity: a lower speed limit for this step (slow homing), rad/s.

        Returns:
            The new profiled angle, rad.

        Raises:
            ValueError: if the target is not finite.
        """
        goal = to_angle_units(self._limits.clamp(target)) * SUBUNITS
        fastest = self._max_velocity
        if max_velocity is not None:
            fastest = min(fastest, velocity_per_frame(max_velocity))
        distance = goal - self._position
        speed = min(stoppable_speed(abs(distance), self._max_acceleration), fastest)
        wanted = speed if distance >= 0 else -speed
        slowest_change = self._velocity - self._max_acceleration
        greatest_change = self._velocity + self._max_acceleration
        self._velocity = min(max(wanted, slowest_change), greatest_change)
        self._position += self._velocity
        return self.position

    def stop(self) -> None:
        """Come to rest at the present position at once, as when the pulses are switched off."""
        self._velocity = 0
