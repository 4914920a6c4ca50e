"""The layers of movement. Each is a pure function of time and settings; together they add up.

Angles are rad, pan positive to the robot's left and tilt positive upwards; times are s.
"""

from __future__ import annotations

import functools
import math
import random

from emotion_core.behaviour.offset import STILL, Offset
from emotion_core.behaviour.reactions import Breathing, Glances, Nod, Pose


def pose_offset(pose: Pose) -> Offset:
    """Return the pose as an offset."""
    return Offset(math.radians(pose.pan_deg), math.radians(pose.tilt_deg))


def breathing(time: float, settings: Breathing) -> Offset:
    """Return the breathing's place at a time: a sine up and down."""
    phase = math.fmod(time, settings.period) / settings.period
    return Offset(tilt=math.radians(settings.depth_deg) * math.sin(math.tau * phase))


def glance(time: float, settings: Glances) -> Offset:
    """Return where a glance looks at a time; straight ahead between two glances.

    Time is divided into intervals. Each holds one glance whose direction and beginning are drawn
    from the interval's number, so that the same time always gives the same glance.
    """
    number = math.floor(time / settings.interval)
    begin, pan, tilt = _draw(number)
    duration = min(settings.duration, settings.interval)
    start = begin * (settings.interval - duration)
    if not start <= time - number * settings.interval < start + duration:
        return STILL
    return Offset(pan * math.radians(settings.pan_deg), tilt * math.radians(settings.tilt_deg))


@functools.lru_cache(maxsize=16)
def _draw(number: int) -> tuple[float, float, float]:
    """Return a beginning in [0, 1] and two directions in [-1, 1] for an interval's number."""
    source = random.Random(number)
    return source.random(), source.uniform(-1.0, 1.0), source.uniform(-1.0, 1.0)


def nod_duration(settings: Nod) -> float:
    """Return how long all nods take, s."""
    return settings.count * settings.period


def nod(elapsed: float, settings: Nod) -> Offset:
    """Return a nod's place after its start: down and up along a raised cosine."""
    if not 0.0 <= elapsed < nod_duration(settings):
        return STILL
    depth = 0.5 * (1.0 - math.cos(math.tau * elapsed / settings.period))
    return Offset(tilt=-math.radians(settings.depth_deg) * depth)
