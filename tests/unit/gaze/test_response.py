import math

import numpy as np
import pytest

from emotion_core.head.response import ResponseError, step_response, tracking_error

pytestmark = pytest.mark.unit

TIME = np.arange(0, 5, 0.01)


def test_step_figures() -> None:
    target = np.where(TIME < 1, 0.0, 30.0)
    position = np.interp(TIME, [1.0, 1.4, 1.5, 1.7], [0.0, 34.0, 34.0, 30.5])
    response = step_response(TIME, target, position, band=2.0)
    assert response.amplitude == 30
    assert response.overshoot == pytest.approx(4.0)
    # From 34 down to 32 within 0.2 s * 2 / 3.5.
    assert response.settling_time == pytest.approx(0.5 + 0.2 * 2 / 3.5, abs=0.011)
    assert response.steady_error == pytest.approx(0.5, abs=0.05)


def test_step_down_is_judged_like_a_step_up() -> None:
    target = np.where(TIME < 1, 0.0, 30.0)
    position = np.interp(TIME, [1.0, 1.4, 1.6], [0.0, 33.0, 30.0])
    up = step_response(TIME, target, position, band=2.0)
    down = step_response(TIME, -target, -position, band=2.0)
    assert up == down


def test_head_that_never_settles() -> None:
    target = np.where(TIME < 1, 0.0, 30.0)
    response = step_response(TIME, target, np.zeros_like(TIME), band=2.0)
    assert response.overshoot == 0
    assert math.isinf(response.settling_time)
    assert math.isnan(response.steady_error)


def test_second_jump_is_left_out() -> None:
    target = np.select([TIME < 1, TIME < 3], [0.0, 30.0], 0.0)
    position = np.where((TIME >= 1.5) & (TIME < 3.5), 30.0, 0.0)
    response = step_response(TIME, target, position, band=2.0)
    assert response.settling_time == pytest.approx(0.5, abs=0.011)


def test_lag_of_a_sine_is_found() -> None:
    wave = 2 * math.pi * 0.2
    target, position = 20 * np.sin(wave * TIME), 20 * np.sin(wave * (TIME - 0.12))
    error = tracking_error(TIME, target, position)
    assert error.lag == pytest.approx(0.12, abs=0.005)
    expected = np.sqrt(np.mean((target - position) ** 2))
    assert error.rms == pytest.approx(expected)
    assert error.maximum == pytest.approx(np.abs(target - position).max())


def test_head_that_leads_has_a_negative_lag() -> None:
    target, position = np.sin(TIME), np.sin(TIME + 0.05)
    assert tracking_error(TIME, target, position).lag == pytest.approx(-0.05, abs=0.005)


@pytest.mark.parametrize(
    ("time", "target", "position", "message"),
    [
        ([0, 1, 2], [0, 1], [0, 1, 2], "alike"),
        ([0], [0], [0], "two samples"),
        ([0, 1, 1], [0, 1, 1], [0, 1, 1], "increase"),
        ([0, 1, 2], [0, math.nan, 1], [0, 1, 1], "finite"),
        ([0, 1, 2], [1, 1, 1], [1, 1, 1], "does not jump"),
    ],
)
def test_what_cannot_be_judged(
    time: list[float], target: list[float], position: list[float], message: str
) -> None:
    with pytest.raises(ResponseError, match=message):
        step_response(time, target, position, band=1.0)


def test_band_must_be_positive() -> None:
    with pytest.raises(ResponseError, match="band"):
        step_response([0, 1, 2], [0, 1, 1], [0, 1, 1], band=0.0)
