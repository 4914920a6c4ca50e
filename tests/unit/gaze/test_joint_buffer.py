import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.head.joint_buffer import (
    JointBuffer,
    JointBufferEmptyError,
    JointBufferError,
    JointTimeError,
)

pytestmark = pytest.mark.unit


def filled(*samples: tuple[float, float, float]) -> JointBuffer:
    buffer = JointBuffer(duration=2.0, extrapolation=0.1)
    for sample in samples:
        buffer.add(*sample)
    return buffer


def test_interpolates_between_measurements() -> None:
    buffer = filled((10.0, 0.0, 0.2), (10.02, 0.1, 0.0))
    assert buffer.at(10.005) == pytest.approx((0.025, 0.15))
    assert buffer.at(10.02) == pytest.approx((0.1, 0.0))


def test_continues_the_last_velocity_for_a_short_time() -> None:
    buffer = filled((10.0, 0.0, 0.0), (10.1, 0.1, -0.1))
    assert buffer.at(10.15) == pytest.approx((0.15, -0.15))
    with pytest.raises(JointTimeError, match=r"10\.210 s are unknown: measured from 10\.000"):
        buffer.at(10.21)


def test_holds_the_oldest_pose_for_a_short_time() -> None:
    buffer = filled((10.0, 0.3, 0.1), (10.1, 0.4, 0.1))
    assert buffer.at(9.95) == (0.3, 0.1)
    with pytest.raises(JointTimeError):
        buffer.at(9.8)


def test_one_measurement_is_enough() -> None:
    assert filled((1.0, 0.3, -0.2)).at(1.05) == (0.3, -0.2)


def test_empty_buffer_says_so() -> None:
    with pytest.raises(JointBufferEmptyError):
        JointBuffer().at(1.0)
    with pytest.raises(JointBufferEmptyError):
        JointBuffer().latest()


def test_forgets_what_is_older_than_its_duration() -> None:
    buffer = filled((0.0, 0.0, 0.0), (1.5, 0.1, 0.0), (3.0, 0.2, 0.0))
    assert len(buffer) == 2
    assert buffer.latest() == (3.0, 0.2, 0.0)


def test_late_message_is_put_where_it_belongs() -> None:
    buffer = filled((1.0, 0.0, 0.0), (1.2, 0.2, 0.0), (1.1, 0.3, 0.0))
    assert buffer.at(1.05) == pytest.approx((0.15, 0.0))
    assert buffer.at(1.15) == pytest.approx((0.25, 0.0))


def test_equal_time_replaces() -> None:
    buffer = filled((1.0, 0.0, 0.0), (1.1, 0.2, 0.0), (1.1, 0.4, 0.0))
    assert len(buffer) == 2
    assert buffer.at(1.1) == (0.4, 0.0)


def test_clock_that_goes_back_empties_it() -> None:
    buffer = filled((1000.0, 0.5, 0.0), (1.0, 0.1, 0.0))
    assert buffer.at(1.0) == (0.1, 0.0)
    assert len(buffer) == 1


@pytest.mark.parametrize("bad", [(float("nan"), 0.0, 0.0), (0.0, float("inf"), 0.0)])
def test_rejects_what_is_not_finite(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="not finite"):
        JointBuffer().add(*bad)


@pytest.mark.parametrize("arguments", [(0.0, 0.1), (-1.0, 0.1), (1.0, -0.1)])
def test_rejects_impossible_settings(arguments: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="joint buffer"):
        JointBuffer(*arguments)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)),
        min_size=1,
    ),
    st.floats(-1, 11),
)
def test_never_leaves_the_measured_range_inside(
    samples: list[tuple[float, float, float]], time: float
) -> None:
    buffer = filled(*samples)
    try:
        pan, tilt = buffer.at(time)
    except JointBufferError:
        return
    if time <= buffer.latest()[0]:
        assert min(s[1] for s in samples) - 1e-9 <= pan <= max(s[1] for s in samples) + 1e-9
        assert min(s[2] for s in samples) - 1e-9 <= tilt <= max(s[2] for s in samples) + 1e-9


def test_reader_and_writer_in_two_threads() -> None:
    buffer = filled((0.0, 0.0, 0.0))
    failures = []

    def read() -> None:
        for _ in range(2000):
            time, pan, _ = buffer.latest()
            try:
                if abs(buffer.at(time)[0] - time) > 1e-9 or abs(pan - time) > 1e-9:
                    failures.append(time)
            except JointTimeError:
                pass

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(1, 2000):
        buffer.add(step * 0.01, step * 0.01, 0.0)
    reader.join()
    assert failures == []
