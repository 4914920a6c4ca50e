"""The figures the head is judged by, from the loop in simulation."""

import math

import numpy as np
import pytest

from emotion_core.head.closed_loop import LoopParameters, LoopTrace, simulate
from emotion_core.head.gaze import GazeParameters, GazeState
from emotion_core.head.response import step_response, tracking_error
from emotion_core.vision.scene_paths import LeavePath, SinePath, StepPath, StillPath, WalkPath

pytestmark = pytest.mark.unit

NOISE = math.radians(0.3)
LOOPS = [
    pytest.param(LoopParameters(latency=0.06, noise=NOISE), id="60ms"),
    pytest.param(LoopParameters(latency=0.1, noise=NOISE), id="100ms"),
    pytest.param(LoopParameters(latency=0.15, noise=NOISE), id="150ms"),
    pytest.param(
        LoopParameters(latency=0.12, latency_jitter=0.03, noise=NOISE, miss_rate=0.05, seed=3),
        id="jitter and misses",
    ),
    pytest.param(LoopParameters(latency=0.1, noise=NOISE, fps=15), id="15 frames/s"),
    pytest.param(
        LoopParameters(latency=0.1, noise=NOISE, servo_lag=0.03, seed=1), id="unknown servo lag"
    ),
]


def after(trace: LoopTrace, start: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return time, azimuth and pan in degrees from a time on."""
    kept = trace.time >= start
    return trace.time[kept], np.degrees(trace.target_pan[kept]), np.degrees(trace.pan[kept])


@pytest.mark.parametrize("loop", LOOPS)
def test_step_of_30_degrees(loop: LoopParameters) -> None:
    trace = simulate(StepPath(math.radians(30), 2.0), 6.0, loop=loop)
    response = step_response(*after(trace, 0.0), band=2.0)
    assert response.overshoot <= 2.5
    assert response.settling_time <= 0.8
    assert response.steady_error <= 1.2


@pytest.mark.parametrize("angle", [-30.0, 10.0, 3.0])
def test_other_steps(angle: float) -> None:
    loop = LoopParameters(noise=NOISE, seed=5)
    trace = simulate(StepPath(math.radians(angle), 2.0), 5.0, loop=loop)
    response = step_response(*after(trace, 0.0), band=2.0)
    assert response.overshoot <= 1.5
    assert response.settling_time <= 0.8


@pytest.mark.parametrize("loop", LOOPS)
def test_sine_of_20_degrees_at_a_fifth_hertz(loop: LoopParameters) -> None:
    trace = simulate(SinePath(math.radians(20), 0.2), 13.0, loop=loop)
    error = tracking_error(*after(trace, 3.0))
    assert error.rms <= 2.4
    assert abs(error.lag) <= 0.12


def test_prediction_is_what_makes_the_sine_good() -> None:
    loop = LoopParameters(latency=0.15, noise=NOISE)
    errors = [
        tracking_error(
            *after(simulate(SinePath(), 13.0, GazeParameters(prediction_limit=limit), loop), 3.0)
        ).rms
        for limit in (0.35, 0.0)
    ]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.parametrize("loop", LOOPS)
def test_no_hunting_at_standstill(loop: LoopParameters) -> None:
    trace = simulate(StillPath(math.radians(12), math.radians(5)), 8.0, loop=loop)
    resting = trace.time >= 2.0
    assert np.ptp(trace.setpoint_pan[resting]) <= math.radians(0.5)
    assert np.ptp(trace.setpoint_tilt[resting]) <= math.radians(0.5)
    assert abs(trace.pan[-1] - math.radians(12)) <= math.radians(1.3)
    assert abs(trace.tilt[-1] - math.radians(5)) <= math.radians(1.3)


def test_walk_stays_near_the_middle_of_the_picture() -> None:
    trace = simulate(WalkPath(seed=2), 30.0, loop=LoopParameters(noise=NOISE))
    assert tracking_error(*after(trace, 1.0)).rms <= 3.0
    assert set(trace.state[trace.time > 1.0]) == {GazeState.TRACKING.value}


def test_face_that_leaves_is_held_then_given_up_and_found_again() -> None:
    trace = simulate(LeavePath(), 20.0, loop=LoopParameters(noise=NOISE))
    states = trace.state[np.flatnonzero(np.diff(trace.state)) + 1].tolist()
    names = [GazeState(state).name for state in states]
    lost = names.index("HOLDING")
    assert names[lost : lost + 2] == ["HOLDING", "RETURNING"]
    assert names[-1] == "TRACKING"
    assert np.degrees(np.abs(trace.pan - trace.target_pan)[-1]) < 3


def test_is_repeatable() -> None:
    loop = LoopParameters(noise=NOISE, latency_jitter=0.03, miss_rate=0.1, seed=9)
    first, second = (simulate(WalkPath(), 3.0, loop=loop) for _ in range(2))
    np.testing.assert_array_equal(first.pan, second.pan)
