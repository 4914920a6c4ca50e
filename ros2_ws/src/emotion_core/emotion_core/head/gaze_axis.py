"""One axis of the gaze: filtered bearing, dead band and set-point."""

from __future__ import annotations

import math
from collections import deque

from emotion_core.head.bearing_filter import BearingFilter
from emotion_core.head.gaze_parameters import GazeParameters
from emotion_core.head.limits import AxisLimits
from emotion_core.head.setpoint import SetPoint

# A head is where its set-point was at most this long ago, s.
_HEAD_LAG = 0.1
# Speeds of the set-point are remembered for longer than pictures need to arrive, s.
_SPEED_MEMORY = 1.0
# The share of the dead band within which a movement counts as finished.
_ARRIVED = 0.3
# At home means nearer than this, rad.
_AT_HOME = 1e-4


class GazeAxis:
    """What one axis knows of its target and where it is on the way to it.

    Args:
        parameters: of the gaze.
        limits: of this axis.
        home: resting angle of this axis, rad.
    """

    def __init__(self, parameters: GazeParameters, limits: AxisLimits, home: float) -> None:
        self._parameters = parameters
        self._limits = limits
        self._home = home
        self.filter = BearingFilter(parameters.filter)
        self.setpoint = SetPoint(home, limits.minimum, limits.maximum)
        self._held = home
        self._moving = False
        self._speeds: deque[tuple[float, float]] = deque([(-math.inf, 0.0)])

    def start_from(self, angle: float) -> None:
        """Let the set-point begin, at rest, at the allowed angle nearest to one in rad."""
        self.setpoint = SetPoint(
            self._limits.clamp(angle), self._limits.minimum, self._limits.maximum
        )

    def measure(self, time: float, bearing: float) -> None:
        """Take a bearing (rad) of the target, seen at a time (s)."""
        # The head follows its set-point within the last tenth of a second.
        recent = [speed for moment, speed in self._speeds if time - _HEAD_LAG <= moment <= time]
        fastest = max(recent, default=0.0)
        self.filter.update(time, bearing, self._parameters.pose_time_error * fastest)

    def hold(self) -> None:
        """Remember the last place of the target, which then stays there."""
        if not self.filter.is_empty:
            self._held = self.filter.at(-math.inf, 0.0)
            self.filter.reset()

    def target(self, time: float) -> float:
        """Return where the target is, or where it was lost, rad."""
        if self.filter.is_empty:
            return self._held
        return self.filter.at(time, self._parameters.prediction_limit)

    def follow(self, time: float, duration: float, speed_share: float) -> None:
        """Let the set-point follow the target, or stay where it was lost."""
        p = self._parameters
        goal = self.target(time + p.head_delay)
        goal_speed = 0.0
        if not self.filter.is_empty and p.prediction_limit > 0:
            goal_speed = self.filter.speed
        if not self._limits.minimum < goal < self._limits.maximum:
            goal, goal_speed = self._limits.clamp(goal), 0.0
        error = abs(goal - self.setpoint.position)
        if error > p.dead_band:
            self._moving = True
        elif error < _ARRIVED * p.dead_band and abs(goal_speed) < p.filter.rest_speed:
            self._moving = False
        if not self._moving:
            goal, goal_speed = self.setpoint.position, 0.0
        max_speed = speed_share * p.max_speed
        self.setpoint.advance(duration, goal, goal_speed, max_speed, p.max_acceleration)
        self._remember_speed(time)

    def go_home(self, time: float, duration: float, speed_share: float) -> bool:
        """Let the set-point go home; return whether it has arrived."""
        p = self._parameters
        self.filter.reset()
        self._held = self._home
        self._moving = False
        return_speed = speed_share * p.return_speed
        self.setpoint.advance(duration, self._home, 0.0, return_speed, p.max_acceleration)
        self._remember_speed(time)
        return abs(self.setpoint.position - self._home) < _AT_HOME

    def _remember_speed(self, time: float) -> None:
        self._speeds.append((time, abs(self.setpoint.speed)))
        while self._speeds[0][0] < time - _SPEED_MEMORY:
            self._speeds.popleft()
