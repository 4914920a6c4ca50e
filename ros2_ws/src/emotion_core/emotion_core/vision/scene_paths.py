"""How the faces of the built-in scene move: bearings as functions of time.

Every path is a function of the scene's time in s, >= 0, and returns (azimuth, elevation) in rad as
the head's rotation centre sees them: azimuth positive to the robot's left, elevation upwards.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

# Peak speed of a minimum-jerk movement relative to its mean speed (Flash and Hogan, 1985).
_MINIMUM_JERK_PEAK = 1.875


class Path(Protocol):
    """The bearing of one face over time."""

    def at(self, time: float) -> tuple[float, float]:
        """Return (azimuth, elevation) in rad at a time in s."""


@dataclass(frozen=True, slots=True)
class StillPath:
    """A face that stays.

    Attributes:
        azimuth: rad.
        elevation: rad.
    """

    azimuth: float = 0.0
    elevation: float = 0.0

    def at(self, time: float) -> tuple[float, float]:  # noqa: ARG002
        """Return the bearing, the same at every time."""
        return self.azimuth, self.elevation


@dataclass(frozen=True, slots=True)
class StepPath:
    """A face that jumps once to another azimuth.

    Attributes:
        angle: azimuth after the jump, rad; before it is 0.
        time: of the jump, s.
        period: time from jump to jump, to and fro, s; 0 means one jump only.
    """

    angle: float = math.radians(30)
    time: float = 3.0
    period: float = 0.0

    def at(self, time: float) -> tuple[float, float]:
        """Return the bearing."""
        since = time - self.time
        if since < 0:
            return 0.0, 0.0
        back = self.period > 0 and math.floor(since / self.period) % 2 == 1
        return (0.0 if back else self.angle), 0.0


@dataclass(frozen=True, slots=True)
class SinePath:
    """A face that swings from side to side.

    Attributes:
        amplitude: rad.
        frequency: 1/s.
        azimuth: of the middle, rad.
    """

    amplitude: float = math.radians(20)
    frequency: float = 0.2
    azimuth: float = 0.0

    def at(self, time: float) -> tuple[float, float]:
        """Return the bearing."""
        phase = 2 * math.pi * self.frequency * time
        return self.azimuth + self.amplitude * math.sin(phase), 0.0


@dataclass(frozen=True)
class WalkPath:
    """A face that goes from place to place and stops in between; it looks random but repeats.

    Moves follow the minimum-jerk profile of human reaching (Flash and Hogan, 1985).

    Attributes:
        seed: another one gives another walk.
        azimuth: places lie within plus and minus this, rad.
        elevation: likewise, rad.
        speeds: lowest and highest peak speed of a move, rad/s.
        stops: shortest and longest stop, s.
        places: number of places before the walk starts over.
    """

    seed: int = 0
    azimuth: float = math.radians(40)
    elevation: float = math.radians(8)
    speeds: tuple[float, float] = (math.radians(15), math.radians(45))
    stops: tuple[float, float] = (0.8, 2.5)
    places: int = 40
    _points: list[tuple[float, float]] = field(init=False, repr=False, compare=False)
    _starts: list[float] = field(init=False, repr=False, compare=False)
    _moves: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        points = [(0.0, 0.0)]
        for _ in range(self.places - 1):
            azimuth = random.uniform(-self.azimuth, self.azimuth)
            points.append((azimuth, random.uniform(-self.elevation, self.elevation)))
        points.append(points[0])
        moves, durations = [], []
        for here, there in itertools.pairwise(points):
            peak = random.uniform(*self.speeds)
            moves.append(_MINIMUM_JERK_PEAK * math.dist(here, there) / peak)
            durations.append(random.uniform(*self.stops) + moves[-1])
        starts = [0.0, *itertools.accumulate(durations)]
        object.__setattr__(self, "_points", points)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_moves", moves)

    @property
    def duration(self) -> float:
        """Time until the walk starts over, s."""
        return self._starts[-1]

    def at(self, time: float) -> tuple[float, float]:
        """Return the bearing."""
        time = math.fmod(max(time, 0.0), self.duration)
        index = bisect.bisect_right(self._starts, time) - 1
        # Each leg ends with its move, so that the walk begins with a stop.
        leg = self._starts[index + 1] - self._starts[index]
        pause = leg - self._moves[index]
        progress = _minimum_jerk((time - self._starts[index] - pause) / self._moves[index])
        (a0, e0), (a1, e1) = self._points[index], self._points[index + 1]
        return a0 + progress * (a1 - a0), e0 + progress * (e1 - e0)


@dataclass(frozen=True, slots=True)
class LeavePath:
    """A face that walks out of sight to the robot's left, stays away and returns, over and over.

    Attributes:
        azimuth: while away, rad; behind everything the head can see.
        stay: time in front of the robot, s.
        walk: time for the way out, and for the way back, s.
        away: time out of sight, s.
    """

    azimuth: float = math.radians(165)
    stay: float = 5.0
    walk: float = 4.0
    away: float = 4.0

    def at(self, time: float) -> tuple[float, float]:
        """Return the bearing."""
        time = math.fmod(max(time, 0.0), self.stay + 2 * self.walk + self.away)
        out = _minimum_jerk((time - self.stay) / self.walk)
        back = _minimum_jerk((time - self.stay - self.walk - self.away) / self.walk)
        return (out - back) * self.azimuth, 0.0


def _minimum_jerk(fraction: float) -> float:
    s = min(max(fraction, 0.0), 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)
