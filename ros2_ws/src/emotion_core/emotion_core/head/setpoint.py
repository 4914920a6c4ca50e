"""A set-point that follows a goal, bounded in speed and acceleration, without overshoot."""

from __future__ import annotations

import math

# The profile is advanced in steps of at most this, so that a late call gives the same path, s.
_STEP = 0.01


class SetPoint:
    """One angle on its way to a goal.

    Args:
        position: at the start, rad.
    """

    def __init__(self, position: float) -> None:
        self.position = position
        self.speed = 0.0

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
            goal: where to be now, rad.
            goal_speed: speed of the goal, which itself does not move during this call, rad/s.
            max_speed: rad/s, > 0.
            max_acceleration: rad/s², > 0.
        """
        steps = math.ceil(duration / _STEP - 1e-9)
        for step in range(steps):
            dt = duration / steps
            # At the end of this call the goal is where it was given: it comes from behind.
            goal_now = goal - goal_speed * dt * (steps - 1 - step)
            self._step(dt, goal_now, goal_speed, max_speed, max_acceleration)

    def _step(
        self, dt: float, goal: float, goal_speed: float, max_speed: float, max_acceleration: float
    ) -> None:
        error = goal - self.position
        # The greatest speed from which whole steps of deceleration still stop within the error.
        reserve = max_acceleration * dt / 2
        approach = math.sqrt(reserve**2 + 2 * max_acceleration * abs(error)) - reserve
        approach = math.copysign(min(approach, abs(error) / dt), error)
        wanted = min(max(goal_speed + approach, -max_speed), max_speed)
        change = max_acceleration * dt
        self.speed = min(max(wanted, self.speed - change), self.speed + change)
        self.position += self.speed * dt
