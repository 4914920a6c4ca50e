import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.head.setpoint import SetPoint

pytestmark = pytest.mark.unit

SPEED, ACCELERATION = 3.0, 15.0


@settings(deadline=None)
@given(
    st.floats(-1.4, 1.4),
    st.lists(st.tuples(st.floats(0.001, 0.1), st.floats(-1.4, 1.4)), min_size=1, max_size=30),
)
def test_speed_and_acceleration_stay_bounded_whatever_the_goals(
    start: float, goals: list[tuple[float, float]]
) -> None:
    setpoint = SetPoint(start)
    speed = 0.0
    for duration, goal in goals:
        setpoint.advance(duration, goal, 0.0, SPEED, ACCELERATION)
        assert abs(setpoint.speed) <= SPEED + 1e-9
        assert abs(setpoint.speed - speed) <= ACCELERATION * duration + 1e-9
        speed = setpoint.speed


@settings(deadline=None)
@given(st.floats(-1.4, 1.4), st.floats(-1.4, 1.4), st.sampled_from([0.01, 0.02, 1 / 30, 0.1]))
def test_reaches_a_goal_without_overshoot(start: float, goal: float, step: float) -> None:
    setpoint = SetPoint(start)
    beyond = 0.0
    for _ in range(round(3 / step)):
        setpoint.advance(step, goal, 0.0, SPEED, ACCELERATION)
        beyond = max(beyond, (setpoint.position - goal) * math.copysign(1, goal - start))
    assert setpoint.position == pytest.approx(goal, abs=1e-6)
    assert beyond < 1e-6


def test_takes_the_time_of_a_trapezoid() -> None:
    setpoint = SetPoint(0.0)
    time = 0.0
    while abs(setpoint.position - 1.2) > 0.001:
        setpoint.advance(0.01, 1.2, 0.0, SPEED, ACCELERATION)
        time += 0.01
    assert time == pytest.approx(1.2 / SPEED + SPEED / ACCELERATION, abs=0.05)


def test_follows_a_moving_goal_without_lag() -> None:
    setpoint = SetPoint(0.0)
    for step in range(1, 101):
        setpoint.advance(0.02, 0.4 * step * 0.02, 0.4, SPEED, ACCELERATION)
    assert setpoint.position == pytest.approx(0.4 * 2.0, abs=1e-6)


def test_one_late_call_equals_many_calls_in_time() -> None:
    late, often = SetPoint(0.0), SetPoint(0.0)
    late.advance(0.2, 0.5, 0.0, SPEED, ACCELERATION)
    for _ in range(20):
        often.advance(0.01, 0.5, 0.0, SPEED, ACCELERATION)
    assert late.position == pytest.approx(often.position, abs=1e-9)


def test_no_time_no_movement() -> None:
    setpoint = SetPoint(0.1)
    setpoint.advance(0.0, 1.0, 0.0, SPEED, ACCELERATION)
    assert (setpoint.position, setpoint.speed) == (0.1, 0.0)
