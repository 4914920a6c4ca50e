import math

import numpy as np
import pytest

from emotion_core.head.bearing_filter import BearingFilter, BearingFilterParameters

pytestmark = pytest.mark.unit

PERIOD = 1 / 30


def run(positions: np.ndarray, noise: float = 0.0) -> BearingFilter:
    random = np.random.default_rng(1)
    bearing_filter = BearingFilter(BearingFilterParameters())
    for step, position in enumerate(positions):
        bearing_filter.update(step * PERIOD, position + random.uniform(-noise, noise))
    return bearing_filter


def test_constant_speed_is_found_and_continued() -> None:
    speed = math.radians(25)
    bearing_filter = run(speed * PERIOD * np.arange(60), math.radians(0.3))
    assert bearing_filter.speed == pytest.approx(speed, rel=0.15)
    ahead = 59 * PERIOD + 0.15
    assert bearing_filter.at(ahead, 0.35) == pytest.approx(speed * ahead, abs=math.radians(1))


def test_noise_at_rest_is_averaged_and_not_taken_for_speed() -> None:
    noise = math.radians(0.3)
    errors, speeds = [], []
    random = np.random.default_rng(2)
    bearing_filter = BearingFilter(BearingFilterParameters())
    for step in range(300):
        bearing_filter.update(step * PERIOD, 0.2 + random.uniform(-noise, noise))
        errors.append(bearing_filter.at(step * PERIOD, 0.0) - 0.2)
        speeds.append(bearing_filter.speed)
    assert np.std(errors[30:]) < 0.8 * noise / math.sqrt(3)
    assert np.abs(speeds).max() < math.radians(1.5)


@pytest.mark.parametrize("jump_deg", [1.0, 1.5, 3.0, 10.0, 30.0, -60.0])
def test_jump_is_never_overshot(jump_deg: float) -> None:
    jump = math.radians(jump_deg)
    bearing_filter = run(np.zeros(60))
    furthest = 0.0
    for step in range(60, 120):
        bearing_filter.update(step * PERIOD, jump)
        expected = bearing_filter.at(step * PERIOD + 0.2, 0.35)
        furthest = max(furthest, (expected - jump) * math.copysign(1, jump))
    assert math.degrees(furthest) < 0.5
    assert bearing_filter.at(120 * PERIOD, 0.35) == pytest.approx(jump, abs=math.radians(0.1))


def test_extrapolation_is_limited() -> None:
    speed = math.radians(25)
    bearing_filter = run(speed * PERIOD * np.arange(60))
    last = 59 * PERIOD
    assert bearing_filter.at(last + 10, 0.35) == bearing_filter.at(last + 0.35, 0.35)
    assert bearing_filter.at(last - 10, 0.35) == bearing_filter.at(last, 0.35)


def test_doubtful_measurement_moves_the_estimate_less() -> None:
    sure, doubtful = run(np.zeros(60)), run(np.zeros(60))
    off = math.radians(1)
    sure.update(60 * PERIOD, off)
    doubtful.update(60 * PERIOD, off, extra_noise=math.radians(3))
    assert doubtful.at(2.0, 0.0) < sure.at(2.0, 0.0) / 5


@pytest.mark.parametrize(
    "settings",
    [
        {"measurement_noise": 0.0},
        {"agility": -1.0},
        {"jump": math.nan},
        {"start_speed": math.inf},
        {"rest_speed": -0.1},
        {"persistence": math.nan},
    ],
)
def test_impossible_settings(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BearingFilterParameters(**settings)
