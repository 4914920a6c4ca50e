"""Range, speed and acceleration of the two axes, in radians and in the units of the wire.

The defaults and the hard bounds repeat the constants of ``firmware/head/src/head_core.h``; a test
compares the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

ANGLE_UNIT: Final = 1e-4
"""Wire unit of an angle, rad."""
VELOCITY_UNIT: Final = 1e-3
"""Wire unit of an angular velocity, rad/s."""
ACCELERATION_UNIT: Final = 1e-2
"""Wire unit of an angular acceleration, rad/s²."""

HARD_MAXIMUM_ANGLE: Final = 1.5708
"""No axis goes further from straight ahead than this, whatever its settings, rad."""
HARD_MAXIMUM_VELOCITY: Final = 7.0
"""Upper bound of the speed setting, rad/s."""
HARD_MAXIMUM_ACCELERATION: Final = 60.0
"""Upper bound of the acceleration setting, rad/s²."""
HARD_MINIMUM_VELOCITY: Final = 0.1
"""Lower bound of the speed setting, rad/s."""
HARD_MINIMUM_ACCELERATION: Final = 0.5
"""Lower bound of the acceleration setting, rad/s²."""

_UNIT_TOLERANCE: Final = 1e-6
"""What is so little below a whole unit is that unit, written in binary."""


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """What one axis may do.

    Attributes:
        minimum: lowest angle, rad.
        maximum: highest angle, rad.
        max_velocity: greatest speed in either direction, rad/s.
        max_acceleration: greatest acceleration and deceleration, rad/s².

    Raises:
        ValueError: if a value is not finite, the range is empty, or a hard bound is exceeded.
    """

    minimum: float
    maximum: float
    max_velocity: float
    max_acceleration: float

    def __post_init__(self) -> None:
        _check("minimum", self.minimum, -HARD_MAXIMUM_ANGLE, HARD_MAXIMUM_ANGLE)
        _check("maximum", self.maximum, -HARD_MAXIMUM_ANGLE, HARD_MAXIMUM_ANGLE)
        _check("max_velocity", self.max_velocity, HARD_MINIMUM_VELOCITY, HARD_MAXIMUM_VELOCITY)
        _check(
            "max_acceleration",
            self.max_acceleration,
            HARD_MINIMUM_ACCELERATION,
            HARD_MAXIMUM_ACCELERATION,
        )
        if self.minimum >= self.maximum:
            raise ValueError(
                f"axis minimum {self.minimum} rad must be below its maximum {self.maximum} rad"
            )

    def clamp(self, angle: float) -> float:
        """Return the allowed angle nearest to ``angle`` (rad).

        Raises:
            ValueError: if the angle is not finite.
        """
        if not math.isfinite(angle):
            raise ValueError(f"axis angle must be finite, got {angle}")
        return min(max(angle, self.minimum), self.maximum)


def _check(name: str, value: float, lowest: float, highest: float) -> None:
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise ValueError(f"axis {name} must lie in [{lowest}, {highest}], got {value}")


def velocity_to_wire(velocity: float) -> int:
    """Return a speed limit (rad/s) in wire units, rounded down so that it is never exceeded."""
    return math.floor(velocity / VELOCITY_UNIT + _UNIT_TOLERANCE)


def acceleration_to_wire(acceleration: float) -> int:
    """Return an acceleration limit (rad/s²) in wire units, rounded down."""
    return math.floor(acceleration / ACCELERATION_UNIT + _UNIT_TOLERANCE)


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """The limits of both axes; the defaults are those of a factory-new board.

    They suit hobby servos of the 9 g class with a light head: 80° to each side, 30° down, 40° up,
    about 200°/s and 1200°/s².
    """

    pan: AxisLimits = field(default_factory=lambda: AxisLimits(-1.3962, 1.3962, 3.5, 21.0))
    tilt: AxisLimits = field(default_factory=lambda: AxisLimits(-0.5235, 0.6981, 3.5, 21.0))
