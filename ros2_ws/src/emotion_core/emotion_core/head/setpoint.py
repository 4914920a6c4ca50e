"""A set-point that follows a goal, bounded in speed and acceleration, without overshoot."""

from __future__ import annotations

import math

# The profile is advanced in steps of at most this, so that a late call gives the same path, s.
_STEP = 0.01


class SetPoint:
    """One angle on its way to a goal.

    Args:
        position: at the start, rad.
        minimum: never passed, rad.
        maximum: never passed, rad.
    """

    def __init__(
        self, position: float, minimum: float = -math.inf, maximum: float = math.inf
    ) -> None:
        self.position = position
        self.speed = 0.0
        self._minimum = minimum
        self._maximum = maximum

    def advance(
        self,
        duration: float,
        goal: float,
        goal_speed: float,
        max_speed: float,
        max_acceleration: float,
    ) -> None:
        """Move for a while.

        Args:
            duration: s, >= 0.
            goal: where to be at the end of it, rad; within minimum and maximum.
            goal_speed: with which the goal arrives there, rad/s.
            max_speed: rad/s, > 0.
            max_acceleration: rad/s², > 0.
        """
        steps = math.ceil(duration / _STEP - 1e-9)
        for step in range(steps):
            dt = duration / steps
            goal_now = goal - goal_speed * dt * (steps - step)
            self._step(dt, goal_now, goal_speed, max_speed, max_acceleration)

    def _step(
        self, dt: float, goal: float, goal_speed: float, max_speed: float, max_acceleration: float
    ) -> None:
        change = max_acceleration * dt
        error = goal - self.position
        approach = math.copysign(_stoppable_speed(abs(error), dt, change), error)
        upwards = _stoppable_speed(max(self._maximum - self.position, 0.0), dt, change)
        downwards = _stoppable_speed(max(self.position - self._minimum, 0.0), dt, change)
        wanted = min(max(goal_speed + approach, -max_speed, -downwards), max_speed, upwards)
        self.speed = min(max(wanted, self.speed - change), self.speed + change)
        self.position += self.speed * dt


def _stoppable_speed(distance: float, dt: float, change: float) -> float:
    """Return the greatest speed from which whole steps of deceleration stop within a distance.

    Speeds v, v - c, v - 2c ... down to 0, each for one step, cover the distance exactly; n is the
    number of full reductions.
    """
    if math.isinf(distance):
        return math.inf
    reach = distance / dt
    n = math.floor((math.sqrt(8 * reach / change + 1) - 1) / 2)
    return (reach + change * n * (n + 1) / 2) / (n + 1)
