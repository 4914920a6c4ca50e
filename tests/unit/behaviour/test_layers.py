import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.behaviour.layers import breathing, glance, nod, nod_duration, pose_offset
from emotion_core.behaviour.offset import STILL, Offset, OffsetFollower, add_to_gaze, within_room
from emotion_core.behaviour.reactions import Breathing, Glances, Nod, Pose
from emotion_core.head.limits import HeadLimits

pytestmark = pytest.mark.unit

LIMITS = HeadLimits()
GLANCES = Glances(pan_deg=25.0, tilt_deg=6.0, interval=7.0, duration=2.0)
times = st.floats(0.0, 2e9)
angles = st.floats(-10.0, 10.0)
offsets = st.builds(Offset, angles, angles)


@given(times, st.floats(0.0, 5.0), st.floats(2.0, 20.0))
def test_breathing_stays_within_its_depth_and_never_pans(time, depth, period):
    offset = breathing(time, Breathing(depth_deg=depth, period=period))
    assert offset.pan == 0.0
    assert abs(offset.tilt) <= math.radians(depth)


def test_breathing_goes_up_and_down_once_per_period():
    settings = Breathing(depth_deg=1.0, period=4.0)
    tilts = [math.degrees(breathing(time, settings).tilt) for time in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert tilts == pytest.approx([0.0, 1.0, 0.0, -1.0, 0.0], abs=1e-9)


@given(times)
def test_a_glance_is_a_function_of_time_within_its_width(time):
    offset = glance(time, GLANCES)
    assert offset == glance(time, GLANCES)
    assert abs(offset.pan) <= math.radians(25.0)
    assert abs(offset.tilt) <= math.radians(6.0)


@given(st.integers(0, 10**6))
def test_each_interval_has_one_glance_of_the_given_duration(number):
    steps = [glance(number * 7.0 + step * 0.01, GLANCES) for step in range(700)]
    looking = [offset for offset in steps if offset != STILL]
    assert len(set(looking)) == 1
    assert len(looking) == pytest.approx(200, abs=2)


def test_glances_go_to_both_sides():
    pans = [glance(n * 7.0 + s * 0.5, GLANCES).pan for n in range(50) for s in range(14)]
    assert min(pans) < -0.2
    assert max(pans) > 0.2


def test_a_nod_goes_down_and_comes_back():
    settings = Nod(count=2, depth_deg=4.0, period=0.8)
    assert nod_duration(settings) == pytest.approx(1.6)
    assert nod(0.4, settings).tilt == pytest.approx(-math.radians(4.0))
    assert nod(0.8, settings).tilt == pytest.approx(0.0, abs=1e-9)
    assert nod(1.2, settings).tilt == pytest.approx(-math.radians(4.0))
    assert nod(1.61, settings) == nod(-0.1, settings) == STILL


def test_a_pose_is_in_degrees_to_the_left_and_up():
    offset = pose_offset(Pose(pan_deg=10.0, tilt_deg=-5.0))
    assert offset == Offset(math.radians(10.0), math.radians(-5.0))


@given(offsets, offsets)
def test_the_sum_of_gaze_and_posture_stays_within_the_heads_range(gaze, offset):
    room = within_room(offset, gaze, LIMITS)
    for total in (add_to_gaze(gaze, offset, LIMITS), add_to_gaze(gaze, room, LIMITS)):
        assert LIMITS.pan.minimum <= total.pan <= LIMITS.pan.maximum
        assert LIMITS.tilt.minimum <= total.tilt <= LIMITS.tilt.maximum


def test_what_fits_is_left_as_it_is():
    gaze, offset = Offset(0.3, 0.1), Offset(-0.1, 0.05)
    room = within_room(offset, gaze, LIMITS)
    assert (room.pan, room.tilt) == pytest.approx((-0.1, 0.05))
    total = add_to_gaze(gaze, offset, LIMITS)
    assert (total.pan, total.tilt) == pytest.approx((0.2, 0.15))


class TestOffsetFollower:
    def feed(self, offsets, period=0.05):
        follower = OffsetFollower()
        for step, offset in enumerate(offsets):
            follower.receive(step * period, offset)
        return follower

    def test_nothing_counts_before_the_first_offset(self):
        assert OffsetFollower().at(5.0) == STILL

    def test_the_newest_offset_is_reached_after_one_interval(self):
        follower = self.feed([STILL, Offset(0.1, 0.2), Offset(0.2, 0.4)])
        assert follower.at(0.125).tilt == pytest.approx((follower.at(0.1).tilt + 0.4) / 2)
        assert follower.at(0.15).pan == pytest.approx(0.2)
        assert follower.at(0.9).tilt == pytest.approx(0.4)

    def test_it_moves_no_faster_than_what_it_follows(self):
        follower = OffsetFollower()
        follower.receive(0.0, STILL)
        positions = []
        for step in range(1, 200):
            if step % 5 == 0:
                follower.receive(step * 0.01, Offset(tilt=0.4 * (step // 5) * 0.05))
            positions.append(follower.at(step * 0.01).tilt)
        # The first offset after silence takes its time; then the steps are even.
        steps = [b - a for a, b in pairwise(positions[30:])]
        assert max(steps) == pytest.approx(0.4 * 0.01, rel=0.05)
        assert min(steps) == pytest.approx(0.4 * 0.01, rel=0.05)

    def test_an_expired_offset_fades_without_a_jump(self):
        follower = self.feed([Offset(0.0, 0.3)] * 30)
        newest = 29 * 0.05
        positions = [follower.at(newest + step * 0.02).tilt for step in range(125)]
        assert positions[49] == pytest.approx(0.3)
        assert positions[-1] == 0.0
        assert max(a - b for a, b in pairwise(positions)) < 0.3 * 0.021

    def test_a_clock_set_back_starts_again_from_where_it_is(self):
        follower = self.feed([Offset(0.0, 0.3)] * 30)
        follower.receive(-100.0, Offset(0.0, 0.1))
        assert abs(follower.at(-99.0).tilt - 0.1) < 1e-9

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_what_is_no_number_is_refused(self, value):
        with pytest.raises(ValueError, match="finite"):
            OffsetFollower().receive(0.0, Offset(value, 0.0))
        with pytest.raises(ValueError, match="finite"):
            OffsetFollower().receive(value, STILL)
