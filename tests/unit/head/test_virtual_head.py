"""The virtual head behaves like the firmware: limits, delays, silence."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.head.axis import SERVO_FRAME
from emotion_core.head.limits import HeadLimits
from emotion_core.head.virtual import VirtualHead

pytestmark = pytest.mark.unit

BLACK = (0.0, 0.0, 0.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def head(clock: Clock) -> VirtualHead:
    head = VirtualHead(clock)
    head.open()
    return head


def run(head: VirtualHead, clock: Clock, duration: float, alive: bool = True) -> None:
    end = clock.now + duration
    while clock.now < end - 1e-9:
        clock.now = min(end, clock.now + 0.01)
        if alive:
            head.state()


def test_it_starts_at_home_without_pulses(head: VirtualHead, clock: Clock) -> None:
    run(head, clock, 1.0)
    state = head.state()
    assert (state.pan, state.tilt, state.powered, state.parked) == (0.0, 0.0, False, False)
    assert state.connected


def test_a_command_is_acknowledged_with_its_stamp_after_the_wire_delay(
    head: VirtualHead, clock: Clock
) -> None:
    head.command(0.3, 0.1, BLACK, 42)
    assert head.state().acked_stamp_ns == 0
    clock.now += 0.0025
    state = head.state()
    assert (state.acked_stamp_ns, state.commands_acked, state.commands_sent) == (42, 1, 1)
    assert 100.002 < state.acked_time <= clock.now
    assert (state.commanded_pan, state.commanded_tilt) == (0.3, 0.1)


def test_thirty_degrees_settle_without_overshoot(head: VirtualHead, clock: Clock) -> None:
    target = math.radians(30)
    head.command(target, 0.0, BLACK, 1)
    highest = 0.0
    for _ in range(50):
        run(head, clock, 0.01)
        highest = max(highest, head.state().pan)
    assert head.state().pan == pytest.approx(target, abs=1e-4)
    assert highest <= target + 1e-4


def test_commands_beyond_the_limits_are_clamped_and_marked(head: VirtualHead, clock: Clock) -> None:
    head.command(3.0, -3.0, BLACK, 1)
    run(head, clock, 2.0)
    state = head.state()
    assert state.limited
    assert state.pan == pytest.approx(HeadLimits().pan.maximum, abs=1e-4)
    assert state.tilt == pytest.approx(HeadLimits().tilt.minimum, abs=1e-4)
    head.command(0.0, 0.0, BLACK, 2)
    run(head, clock, 0.1)
    assert not head.state().limited


def test_a_silent_host_sends_it_home_slowly_and_then_off(head: VirtualHead, clock: Clock) -> None:
    head.command(1.0, 0.3, BLACK, 1)
    run(head, clock, 1.0)
    silent_since = clock.now
    run(head, clock, 8.0, alive=False)
    head.state()
    before = head.position_at(silent_since + 0.45)[0]
    homing = head.position_at(silent_since + 0.60)[0]
    assert before == pytest.approx(1.0, abs=1e-4)
    assert 0.9 < homing < before
    steps = [head.position_at(silent_since + 0.6 + 0.02 * k)[0] for k in range(50)]
    slopes = [(a - b) / SERVO_FRAME for a, b in itertools.pairwise(steps)]
    assert max(slopes) <= 0.8 + 0.01
    assert not head.state().powered


def test_a_pulled_cable_does_the_same_and_a_command_wakes_it(
    head: VirtualHead, clock: Clock
) -> None:
    head.command(0.5, 0.0, BLACK, 1)
    run(head, clock, 1.0)
    head.set_link(False)
    head.command(0.7, 0.0, BLACK, 2)
    assert not head.state().connected
    assert head.state().commands_lost == 1
    run(head, clock, 3.0)
    assert head.state().parked
    run(head, clock, 3.0)
    assert not head.state().powered
    head.set_link(True)
    assert head.state().connected
    head.command(0.2, 0.0, BLACK, 3)
    run(head, clock, 1.0)
    assert head.state().powered
    assert head.state().pan == pytest.approx(0.2, abs=1e-4)


def test_only_servo_frames_change_the_position(head: VirtualHead, clock: Clock) -> None:
    head.command(1.0, 0.0, BLACK, 1)
    run(head, clock, 0.5)
    times = [100.0 + 0.1 + k * 0.001 for k in range(200)]
    positions = [head.position_at(time)[0] for time in times]
    changes = [k for k, (a, b) in enumerate(itertools.pairwise(positions)) if a != b]
    assert len(changes) == 9
    assert {b - a for a, b in itertools.pairwise(changes)} == {20}


def test_a_clock_that_jumps_does_not_break_it(head: VirtualHead, clock: Clock) -> None:
    head.command(1.0, 0.0, BLACK, 1)
    run(head, clock, 1.0)
    for jump in (-50.0, 1e6, -1e6):
        clock.now += jump
        state = head.state()
        assert state.time == pytest.approx(clock.now)
        head.command(0.1, 0.0, BLACK, 2)
        run(head, clock, 0.5)
        assert head.state().pan == pytest.approx(0.1, abs=1e-4)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(head: VirtualHead, wrong: float) -> None:
    for arguments in ((wrong, 0.0, BLACK), (0.0, wrong, BLACK), (0.0, 0.0, (0.0, wrong, 0.0))):
        with pytest.raises(ValueError, match="finite"):
            head.command(*arguments, 1)
    assert head.state().commands_sent == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.0, 0.3)), min_size=1, max_size=20
    )
)
def test_any_commands_keep_the_limits(commands: list[tuple[float, float, float]]) -> None:
    clock = Clock()
    head = VirtualHead(clock)
    head.open()
    limits = HeadLimits()
    for pan, tilt, pause in commands:
        head.command(pan, tilt, BLACK, 1)
        run(head, clock, pause)
        state = head.state()
        assert limits.pan.minimum - 1e-9 <= state.pan <= limits.pan.maximum + 1e-9
        assert limits.tilt.minimum - 1e-9 <= state.tilt <= limits.tilt.maximum + 1e-9


def test_a_closed_head_takes_no_commands(head: VirtualHead, clock: Clock) -> None:
    head.close()
    head.command(1.0, 0.0, BLACK, 1)
    run(head, clock, 1.0)
    state = head.state()
    assert not state.connected
    assert (state.pan, state.commands_sent) == (0.0, 0)


def test_a_parked_head_goes_home_rests_and_wakes(head: VirtualHead, clock: Clock) -> None:
    head.command(0.4, 0.1, BLACK, 1)
    run(head, clock, 1.5)
    head.park()
    run(head, clock, 0.2)
    assert head.state().powered
    assert not head.state().parked
    run(head, clock, 2.0)
    state = head.state()
    assert (state.pan, state.tilt, state.parked, state.powered) == (0.0, 0.0, True, False)
    head.command(0.2, 0.0, BLACK, 2)
    run(head, clock, 1.0)
    assert head.state().pan == pytest.approx(0.2, abs=1e-3)
    assert not head.state().parked
