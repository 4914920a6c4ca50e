"""Where a target will be: a Kalman filter for one angle that moves smoothly and sometimes jumps."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BearingFilterParameters:
    """Settings of a ``BearingFilter``.

    Attributes:
        measurement_noise: standard deviation of one measured bearing, rad, > 0.
        agility: how quickly the target changes its speed: root of the spectral density of its
            acceleration, rad/s^1.5, > 0. A target that reaches speed v within time T from rest has
            about v / sqrt(T).
        jump: a measurement further off its prediction than this is a jump of the target, not a
            movement: the estimate starts anew there, at rest, rad, > 0.
        start_speed: standard deviation of an unknown speed, rad/s, > 0.
        rest_speed: estimated speeds well below this are taken for noise, rad/s, >= 0.
        persistence: a speed is believed once it has lasted this long, s, >= 0. A small jump looks
            like a speed for a moment, and a head that leads by it overshoots.

    Raises:
        ValueError: if a value is out of range.
    """

    measurement_noise: float = math.radians(0.3)
    agility: float = math.radians(25)
    jump: float = math.radians(2)
    start_speed: float = math.radians(8)
    rest_speed: float = math.radians(5)
    persistence: float = 0.25

    def __post_init__(self) -> None:
        values = (self.measurement_noise, self.agility, self.jump, self.start_speed)
        if not all(math.isfinite(value) and value > 0 for value in values):
            raise ValueError(f"{self}: every value must be > 0")
        if not (self.rest_speed >= 0 and self.persistence >= 0):
            raise ValueError(f"{self}: rest_speed and persistence must be >= 0")


class BearingFilter:
    """Position and speed of one angle from noisy measurements at uneven times.

    Constant speed disturbed by white acceleration (Bar-Shalom, Li and Kirubarajan, *Estimation with
    Applications to Tracking and Navigation*, 2001, chapter 6.2). Jumps restart it, because a filter
    that explains a jump by speed shoots beyond the place the target jumped to.

    Args:
        parameters: of the filter.
    """

    def __init__(self, parameters: BearingFilterParameters) -> None:
        self._parameters = parameters
        self._time = math.nan
        self._position = math.nan
        self._speed = 0.0
        self._p00 = self._p01 = self._p11 = 0.0
        self._speeds: deque[tuple[float, float]] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been measured since the start or ``reset``."""
        return math.isnan(self._time)

    @property
    def speed(self) -> float:
        """Speed that is believed, rad/s: it has lasted a while and stands out of the noise."""
        before, now = self._speeds[0][1], self._speeds[-1][1]
        lasting = min(before, now, key=abs) if before * now > 0 else 0.0
        shrinkage = lasting**2 + self._parameters.rest_speed**2
        return lasting**3 / shrinkage if shrinkage > 0 else 0.0

    def reset(self) -> None:
        """Forget everything."""
        self._time = math.nan

    def update(self, time: float, position: float, extra_noise: float = 0.0) -> None:
        """Take a measurement.

        Args:
            time: later than that of the last one, s.
            position: the angle, rad.
            extra_noise: further standard deviation of this measurement, rad, >= 0.
        """
        p = self._parameters
        variance = p.measurement_noise**2 + extra_noise**2
        if self.is_empty:
            self._restart(time, position, variance)
            return
        dt = time - self._time
        predicted = self._position + self._speed * dt
        innovation = position - predicted
        density = p.agility**2
        p00 = self._p00 + 2 * dt * self._p01 + dt**2 * self._p11 + density * dt**3 / 3
        p01 = self._p01 + dt * self._p11 + density * dt**2 / 2
        p11 = self._p11 + density * dt
        if abs(innovation) > max(p.jump, 4 * math.sqrt(p00 + variance)):
            self._restart(time, position, variance)
            return
        gain0, gain1 = p00 / (p00 + variance), p01 / (p00 + variance)
        self._time = time
        self._position = predicted + gain0 * innovation
        self._speed += gain1 * innovation
        self._p00 = (1 - gain0) * p00
        self._p01 = (1 - gain0) * p01
        self._p11 = p11 - gain1 * p01
        self._remember_speed()

    def _remember_speed(self) -> None:
        self._speeds.append((self._time, self._speed))
        while self._speeds[0][0] < self._time - self._parameters.persistence:
            self._speeds.popleft()

    def at(self, time: float, limit: float) -> float:
        """Return the expected angle at a time, rad.

        Args:
            time: s.
            limit: longest extrapolation beyond the last measurement, s.
        """
        return self._position + self.speed * min(max(time - self._time, 0.0), limit)

    def _restart(self, time: float, position: float, variance: float) -> None:
        self._time, self._position, self._speed = time, position, 0.0
        self._p00, self._p01, self._p11 = variance, 0.0, self._parameters.start_speed**2
        self._speeds.clear()
        self._remember_speed()
