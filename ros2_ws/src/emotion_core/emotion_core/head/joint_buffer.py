"""Where the head pointed at a given moment: a short memory of measured joint angles."""

from __future__ import annotations

import bisect
import math
import threading
from collections import deque

_EMPTY = "no joint angles have been received yet"


class JointBufferError(LookupError):
    """The buffer cannot tell the pose at the time asked for."""


class JointBufferEmptyError(JointBufferError):
    """No measurement has been added yet."""


class JointTimeError(JointBufferError):
    """The time lies before the oldest measurement, or too far after the newest one."""


class JointBuffer:
    """Measured pan and tilt of the last seconds, interpolated linearly.

    Safe to use from several threads: one may add while another asks.

    Args:
        duration: how much of the past is kept, s, > 0.
        extrapolation: how far beyond either end a pose may be asked for, s, >= 0. Beyond the newest
            measurement the last velocity is continued; before the oldest, its pose is held.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(self, duration: float = 2.0, extrapolation: float = 0.1) -> None:
        if not duration > 0 or not extrapolation >= 0:
            raise ValueError(
                f"joint buffer: duration {duration} s must be > 0, "
                f"extrapolation {extrapolation} s >= 0"
            )
        self._duration = duration
        self._extrapolation = extrapolation
        self._samples: deque[tuple[float, float, float]] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, time: float, pan: float, tilt: float) -> None:
        """Add a measurement.

        A time that equals the newest one replaces it. A step back in time by more than the
        buffer's duration (a replay that starts over, a clock that was set) empties the buffer
        first; a smaller step back is a late message and is put where it belongs.

        Args:
            time: of the measurement, s.
            pan: rad.
            tilt: rad.

        Raises:
            ValueError: if a value is not finite.
        """
        if not (math.isfinite(time) and math.isfinite(pan) and math.isfinite(tilt)):
            raise ValueError(f"joint measurement ({time}, {pan}, {tilt}) is not finite")
        with self._lock:
            samples = self._samples
            if samples and time < samples[-1][0] - self._duration:
                samples.clear()
            index = len(samples)
            while index and samples[index - 1][0] >= time:
                index -= 1
            if index < len(samples) and samples[index][0] == time:
                samples[index] = (time, pan, tilt)
            else:
                samples.insert(index, (time, pan, tilt))
            while samples[0][0] < samples[-1][0] - self._duration:
                samples.popleft()

    def latest(self) -> tuple[float, float, float]:
        """Return (time in s, pan in rad, tilt in rad) of the newest measurement.

        Raises:
            JointBufferEmptyError: if nothing has been added yet.
        """
        with self._lock:
            if not self._samples:
                raise JointBufferEmptyError(_EMPTY)
            return self._samples[-1]

    def at(self, time: float) -> tuple[float, float]:
        """Return (pan, tilt) in rad at a time in s.

        Raises:
            JointBufferEmptyError: if nothing has been added yet.
            JointTimeError: if the time is further outside the buffer than ``extrapolation``.
        """
        with self._lock:
            samples = self._samples
            if not samples:
                raise JointBufferEmptyError(_EMPTY)
            oldest, newest = samples[0], samples[-1]
            if not oldest[0] - self._extrapolation <= time <= newest[0] + self._extrapolation:
                raise JointTimeError(
                    f"joint angles at {time:.3f} s are unknown: "
                    f"measured from {oldest[0]:.3f} s to {newest[0]:.3f} s"
                )
            if time <= oldest[0] or len(samples) == 1:
                return oldest[1], oldest[2]
            index = bisect.bisect_left(samples, time, key=lambda sample: sample[0])
            index = min(index, len(samples) - 1)
            before, after = samples[index - 1], samples[index]
            fraction = (time - before[0]) / (after[0] - before[0])
            return (
                before[1] + fraction * (after[1] - before[1]),
                before[2] + fraction * (after[2] - before[2]),
            )
