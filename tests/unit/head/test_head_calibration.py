"""The steps of calibration, key by key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.head.calibration import (
    ACCEPT,
    LESS,
    MORE,
    MUCH_LESS,
    MUCH_MORE,
    REVERSE,
    AxisCalibration,
    Stage,
)
from emotion_core.head.limits import HARD_MAXIMUM_ANGLE, HeadLimits
from emotion_core.head.protocol.messages import AxisSettings, SettingsGroup

pytestmark = pytest.mark.unit

KEYS = (ACCEPT, MORE, LESS, MUCH_MORE, MUCH_LESS, REVERSE, "x", "")


def new_axis() -> AxisCalibration:
    return AxisCalibration(SettingsGroup.PAN, AxisSettings(HeadLimits().pan))


def test_a_whole_calibration() -> None:
    axis = new_axis()
    for key in (MORE, MORE, MUCH_MORE, LESS):
        axis.press(key)
    assert axis.settings.trim_us == 22
    assert axis.angle == 0.0
    axis.press(ACCEPT)
    assert axis.stage is Stage.DIRECTION
    assert axis.angle > 0
    axis.press(REVERSE)
    assert axis.settings.scale_us_per_rad == -637
    axis.press(ACCEPT)
    axis.press(MORE)
    assert axis.settings.scale_us_per_rad == -640
    axis.press(ACCEPT)
    for _ in range(10):
        axis.press(MUCH_LESS)
    axis.press(ACCEPT)
    for _ in range(5):
        axis.press(MUCH_MORE)
    axis.press(ACCEPT)
    assert axis.stage is Stage.DONE
    result = axis.result
    assert (result.trim_us, result.scale_us_per_rad) == (22, -640)
    assert result.limits.minimum == pytest.approx(-0.35 - 10 * 0.0873, abs=1e-4)
    assert result.limits.maximum == pytest.approx(0.35 + 5 * 0.0873, abs=1e-4)
    assert result.limits.max_velocity == HeadLimits().pan.max_velocity


def test_it_moves_carefully() -> None:
    limits = new_axis().settings.limits
    assert limits.max_velocity < 1.0
    assert limits.max_acceleration < 5.0


@given(st.lists(st.sampled_from(KEYS), max_size=200))
def test_any_keys_leave_settings_that_the_board_takes(keys: list[str]) -> None:
    axis = new_axis()
    for key in keys:
        axis.press(key)
        assert axis.prompt
        assert abs(axis.angle) <= HARD_MAXIMUM_ANGLE
        for settings in (axis.settings, axis.result):  # limits check themselves
            assert abs(settings.trim_us) <= 300
            assert 300 <= abs(settings.scale_us_per_rad) <= 1200


def test_the_board_is_no_axis() -> None:
    with pytest.raises(ValueError, match="BOARD"):
        AxisCalibration(SettingsGroup.BOARD, AxisSettings(HeadLimits().pan))
