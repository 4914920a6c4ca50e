"""The motion profile keeps its limits, arrives exactly and does not overshoot."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.head.axis import SERVO_FRAME, Axis, stoppable_speed
from emotion_core.head.limits import ANGLE_UNIT, AxisLimits, HeadLimits

pytestmark = pytest.mark.unit

ROUNDING = 1e-9

angles = st.floats(-3.0, 3.0)
limits = st.builds(
    lambda low, width, velocity, acceleration: AxisLimits(
        low, min(low + width, 1.57), velocity, acceleration
    ),
    st.floats(-1.57, 1.0),
    st.floats(0.01, 2.5),
    st.floats(0.1, 7.0),
    st.floats(0.5, 60.0),
)


@given(distance=st.integers(0, 8_042_496), deceleration=st.integers(1, 120_000))
def test_stoppable_speed_is_the_greatest_that_fits(distance: int, deceleration: int) -> None:
    def way(speed: int) -> int:
        steps = speed // deceleration
        return speed * (steps + 1) - deceleration * steps * (steps + 1) // 2

    speed = stoppable_speed(distance, deceleration)
    assert way(speed) <= distance < way(speed + 1)


@given(limits=limits, targets=st.lists(st.tuples(angles, st.integers(1, 40)), max_size=12))
def test_retargets_keep_range_speed_and_acceleration(
    limits: AxisLimits, targets: list[tuple[float, int]]
) -> None:
    axis = Axis(limits)
    start = axis.position
    position, velocity = start, 0.0
    for target, frames in targets:
        for _ in range(frames):
            new = axis.step(target)
            new_velocity = (new - position) / SERVO_FRAME
            assert abs(new_velocity) <= limits.max_velocity * (1 + 1e-9) + 1e-6
            change = abs(new_velocity - velocity) / SERVO_FRAME
            assert change <= limits.max_acceleration * (1 + 1e-6) + 1e-6
            assert limits.minimum - ANGLE_UNIT <= new <= limits.maximum + ANGLE_UNIT
            position, velocity = new, new_velocity


@given(limits=limits, target=angles)
def test_a_move_from_rest_arrives_exactly_and_never_passes(
    limits: AxisLimits, target: float
) -> None:
    axis = Axis(limits)
    goal = round(limits.clamp(target) / ANGLE_UNIT) * ANGLE_UNIT
    side = math.copysign(1.0, goal - axis.position)
    for _ in range(6000):
        axis.step(target)
        assert (goal - axis.position) * side >= -ROUNDING
        if axis.at_rest:
            break
    assert axis.position == pytest.approx(goal, abs=ROUNDING)


def test_thirty_degrees_settle_well_within_a_second() -> None:
    axis = Axis(HeadLimits().pan)
    target = math.radians(30)
    frames = 0
    while abs(axis.position - target) > math.radians(0.5):
        axis.step(target)
        frames += 1
    assert frames * SERVO_FRAME <= 0.4
    perception_latency = 0.15
    assert frames * SERVO_FRAME + perception_latency < 1.0


def test_a_lower_speed_limit_slows_down_within_the_acceleration() -> None:
    axis = Axis(HeadLimits().pan)
    for _ in range(12):
        axis.step(1.3)
    fast = axis.velocity
    axis.step(0.0, max_velocity=0.8)
    slower = axis.velocity
    assert fast > 2.0
    assert 0 < fast - slower <= HeadLimits().pan.max_acceleration * SERVO_FRAME + ROUNDING
    for _ in range(60):
        axis.step(0.0, max_velocity=0.8)
        assert axis.velocity >= -0.8 - ROUNDING or axis.velocity > 0


def test_targets_beyond_the_range_stop_at_its_end() -> None:
    axis = Axis(HeadLimits().tilt)
    for _ in range(100):
        axis.step(5.0)
    assert axis.position == pytest.approx(HeadLimits().tilt.maximum)


@pytest.mark.parametrize("target", [math.nan, math.inf, -math.inf])
def test_a_target_that_is_no_number_is_refused_and_changes_nothing(target: float) -> None:
    axis = Axis(HeadLimits().pan)
    axis.step(1.0)
    before = axis.position, axis.velocity
    with pytest.raises(ValueError, match="finite"):
        axis.step(target)
    assert (axis.position, axis.velocity) == before


@settings(max_examples=30)
@given(limits=limits)
def test_stop_holds_the_position(limits: AxisLimits) -> None:
    axis = Axis(limits)
    for _ in range(5):
        axis.step(limits.maximum)
    axis.stop()
    assert axis.at_rest


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((-2.0, 1.0, 1.0, 1.0), "minimum"),
        ((-1.0, 2.0, 1.0, 1.0), "maximum"),
        ((1.0, -1.0, 1.0, 1.0), "below"),
        ((-1.0, 1.0, 0.0, 1.0), "max_velocity"),
        ((-1.0, 1.0, 1.0, 1e9), "max_acceleration"),
        ((-1.0, 1.0, math.nan, 1.0), "max_velocity"),
    ],
)
def test_impossible_limits_name_what_is_wrong(
    arguments: tuple[float, float, float, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        AxisLimits(*arguments)
