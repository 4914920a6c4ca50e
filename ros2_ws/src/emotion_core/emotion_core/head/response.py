"""How well a head follows: figures from recorded times, targets and positions.

All functions take arrays of equal length (n,), float; angles may be in rad or degrees, the results
are in the same unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class ResponseError(ValueError):
    """The recording cannot be judged; the message says why."""


@dataclass(frozen=True, slots=True)
class StepResponse:
    """How a head answers a jump of its target.

    Attributes:
        amplitude: of the jump, >= 0.
        overshoot: how far the head went beyond the new target, >= 0.
        settling_time: from the jump until the head stays within the band around the new target,
            s; inf when it never does.
        steady_error: mean distance from the target after settling; NaN when it does not settle.
    """

    amplitude: float
    overshoot: float
    settling_time: float
    steady_error: float


@dataclass(frozen=True, slots=True)
class TrackingError:
    """How a head follows a moving target.

    Attributes:
        rms: root of the mean squared distance.
        maximum: greatest distance.
        lag: delay of the head that explains its distance best, s; negative when it leads.
    """

    rms: float
    maximum: float
    lag: float


def step_response(
    time: npt.ArrayLike, target: npt.ArrayLike, position: npt.ArrayLike, band: float
) -> StepResponse:
    """Return the answer to the first jump of the target.

    Args:
        time: s, increasing.
        target: constant before and after one jump; what follows a second jump is ignored.
        position: of the head at these times.
        band: settled means that the distance from the target stays within this, > 0.

    Raises:
        ResponseError: if the arrays do not fit together or the target does not jump.
    """
    time, target, position = _arrays(time, target, position)
    if not band > 0:
        raise ResponseError(f"band {band} must be > 0")
    jumps = np.flatnonzero(np.diff(target) != 0) + 1
    if len(jumps) == 0:
        raise ResponseError("the target does not jump")
    start = int(jumps[0])
    end = int(jumps[1]) if len(jumps) > 1 else len(time)
    goal = target[start]
    amplitude = goal - target[start - 1]
    error = (position[start:end] - goal) * math.copysign(1.0, amplitude)
    outside = np.flatnonzero(np.abs(error) > band)
    settled = int(outside[-1]) + 1 if len(outside) else 0
    is_settled = settled < len(error)
    return StepResponse(
        amplitude=float(abs(amplitude)),
        overshoot=max(float(error.max()), 0.0),
        settling_time=float(time[start + settled] - time[start]) if is_settled else math.inf,
        steady_error=float(np.abs(error[settled:]).mean()) if is_settled else math.nan,
    )


def tracking_error(
    time: npt.ArrayLike, target: npt.ArrayLike, position: npt.ArrayLike, longest_lag: float = 0.5
) -> TrackingError:
    """Return how well a moving target is followed.

    Args:
        time: s, increasing; need not be even.
        target: at these times.
        position: of the head at these times.
        longest_lag: lags between minus and plus this are tried, s.

    Raises:
        ResponseError: if the arrays do not fit together.
    """
    time, target, position = _arrays(time, target, position)
    error = position - target
    lags = np.arange(-longest_lag, longest_lag + 1e-9, 0.005)
    # Only the times where every shifted target is known, so that all lags are judged alike.
    inner = (time >= time[0] + longest_lag) & (time <= time[-1] - longest_lag)
    lag = math.nan
    if inner.any():
        misfits = [
            float(np.mean((position[inner] - np.interp(time[inner] - shift, time, target)) ** 2))
            for shift in lags
        ]
        lag = float(lags[int(np.argmin(misfits))])
    return TrackingError(
        rms=float(np.sqrt(np.mean(error**2))), maximum=float(np.abs(error).max()), lag=lag
    )


def _arrays(
    time: npt.ArrayLike, target: npt.ArrayLike, position: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    first, second, third = (np.asarray(a, dtype=np.float64) for a in (time, target, position))
    if first.ndim != 1 or first.shape != second.shape or first.shape != third.shape:
        raise ResponseError(
            f"time, target and position must be (n,) alike, "
            f"got {first.shape}, {second.shape} and {third.shape}"
        )
    if len(first) < 2:
        raise ResponseError("at least two samples are needed")
    if not (np.isfinite(first).all() and np.isfinite(second).all() and np.isfinite(third).all()):
        raise ResponseError("time, target and position must be finite")
    if np.any(np.diff(first) <= 0):
        raise ResponseError("time must increase")
    return first, second, third
