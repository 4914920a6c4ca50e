import numpy as np
import pytest

from emotion_core.vision.freshness import FreshnessGate

pytestmark = pytest.mark.unit


def overloaded(gate, frames=300, period=1 / 30, cost=0.06, queue=8):
    """Simulate a consumer that needs twice the frame period; return the ages of its answers."""
    ages, free_at, waiting = [], 0.0, []
    for index in range(frames):
        now = index * period
        while waiting and free_at <= now:
            captured = waiting.pop(0)
            start = max(free_at, captured)
            if gate.admits(captured, start):
                free_at = start + cost
                ages.append(free_at - captured)
        waiting = [*waiting, now][-queue:]
    return ages[len(ages) // 2 :]


def test_without_a_limit_an_overloaded_consumer_lags_by_its_whole_queue():
    assert min(overloaded(FreshnessGate(0.0, 7))) > 0.2


def test_with_a_limit_it_stays_fresh():
    ages = overloaded(FreshnessGate(0.1, 7))
    assert max(ages) < 0.2
    assert len(ages) > 50


def test_fresh_frames_all_pass():
    gate = FreshnessGate(0.1, 7)
    assert all(gate.admits(index / 30, index / 30 + 0.02) for index in range(100))
    assert gate.passed_over == 0


def test_a_camera_with_another_clock_is_still_seen():
    gate = FreshnessGate(0.1, 7)
    admitted = [gate.admits(index / 30, index / 30 + 3600) for index in range(80)]
    assert sum(admitted) == 10


def admitted(rate, captured):
    gate = FreshnessGate(0.0, 7, rate)
    return [time for time in captured if gate.admits(time, time)]


def test_a_faster_camera_is_seen_at_the_rate_asked_for_and_evenly():
    times = admitted(35.0, [index / 60 for index in range(600)])
    assert len(times) / 10 == pytest.approx(35.0, abs=0.5)
    assert np.diff(times[10:]).max() < 0.034


@pytest.mark.parametrize("fps", [15, 24, 30])
def test_a_slower_camera_loses_nothing_though_its_frames_come_unevenly(fps):
    shaken = np.arange(300) / fps + np.random.default_rng(1).uniform(0, 0.9 / fps, 300)
    assert len(admitted(35.0, shaken)) == 300


def test_a_clock_that_was_set_back_does_not_stop_the_frames():
    times = [100.0 + index / 30 for index in range(30)] + [index / 30 for index in range(30)]
    assert len(admitted(35.0, times)) == 60


@pytest.mark.parametrize(("age", "run", "rate"), [(-1.0, 7, 0.0), (0.1, 0, 0.0), (0.1, 7, -1.0)])
def test_limits_out_of_range_are_refused(age, run, rate):
    with pytest.raises(ValueError, match="freshness"):
        FreshnessGate(age, run, rate)
