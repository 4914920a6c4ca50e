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


@pytest.mark.parametrize(("age", "run"), [(-1.0, 7), (0.1, 0)])
def test_limits_out_of_range_are_refused(age, run):
    with pytest.raises(ValueError, match="freshness"):
        FreshnessGate(age, run)
