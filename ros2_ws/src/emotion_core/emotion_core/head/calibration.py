"""Centring and limits of a head that was just put together, step by step, stored on the board.

``AxisCalibration`` is the pure part: keys go in; what to show, where to point and which settings to
use come out. ``calibrate`` applies it to a head.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final

from emotion_core.head.limits import HARD_MAXIMUM_ANGLE, AxisLimits, HeadLimits
from emotion_core.head.link_report import LinkError, RequestRefusedError
from emotion_core.head.protocol.messages import AxisSettings, SettingsGroup, Status
from emotion_core.head.serial_head import SerialHead

ACCEPT: Final = "enter"
MORE: Final = "+"
LESS: Final = "-"
MUCH_MORE: Final = "++"
MUCH_LESS: Final = "--"
REVERSE: Final = "r"
QUIT: Final = "q"

FINE_TRIM_US: Final = 2
COARSE_TRIM_US: Final = 20
GREATEST_TRIM_US: Final = 300
FINE_SCALE: Final = 3
COARSE_SCALE: Final = 20
SCALE_RANGE: Final = (300, 1200)
FINE_ANGLE: Final = 0.0175
COARSE_ANGLE: Final = 0.0873
PROBE_ANGLE: Final = 0.35
"""Where the direction is looked at, rad: 20°."""
SCALE_ANGLE: Final = 0.5236
"""Where the scale is looked at, rad: 30°."""
CAREFUL_VELOCITY: Final = 0.6
CAREFUL_ACCELERATION: Final = 4.0
SMALLEST_RANGE: Final = 0.1
"""An axis keeps at least this much to either side of straight ahead, rad."""

_NO_LIGHT: Final = (0.0, 0.0, 0.0)
_REST_TIME: Final = 5.0
_REST_POLL: Final = 0.05


class Stage(Enum):
    """What is adjusted; the stages follow each other in this order."""

    CENTER = "center"
    DIRECTION = "direction"
    SCALE = "scale"
    LOWEST = "lowest"
    HIGHEST = "highest"
    DONE = "done"


_WORDS: Final = {
    SettingsGroup.PAN: ("pan", "to its own left", "right", "left"),
    SettingsGroup.TILT: ("tilt", "upwards", "down", "up"),
}


class AxisCalibration:
    """Walks through the stages of one axis.

    Args:
        group: pan or tilt.
        original: settings the board has now.

    Raises:
        ValueError: if the group is no axis.
    """

    def __init__(self, group: SettingsGroup, original: AxisSettings) -> None:
        if group not in _WORDS:
            raise ValueError(f"{group.name} is no axis")
        self._group = group
        self._original = original
        self._trim = original.trim_us
        self._scale = original.scale_us_per_rad
        self._minimum = original.limits.minimum
        self._maximum = original.limits.maximum
        self._angle = 0.0
        self.stage = Stage.CENTER

    @property
    def prompt(self) -> str:
        """What the user is to do now."""
        name, positive, low, high = _WORDS[self._group]
        degrees = self._angle * 57.29578
        texts = {
            Stage.CENTER: f"{name}: straight ahead? Adjust with + and - (trim {self._trim} µs)",
            Stage.DIRECTION: f"{name}: did it turn {positive}? If not, press r",
            Stage.SCALE: f"{name}: turned by 30°? Adjust with + and - ({abs(self._scale)} µs/rad)",
            Stage.LOWEST: f"{name}: move {low} with - as far as is free ({degrees:.0f}°)",
            Stage.HIGHEST: f"{name}: move {high} with + as far as is free ({degrees:.0f}°)",
            Stage.DONE: f"{name}: done",
        }
        return texts[self.stage]

    @property
    def angle(self) -> float:
        """Where the axis has to point now, rad."""
        return self._angle

    @property
    def settings(self) -> AxisSettings:
        """Settings while calibrating: slow, and with the whole range."""
        limits = AxisLimits(
            -HARD_MAXIMUM_ANGLE, HARD_MAXIMUM_ANGLE, CAREFUL_VELOCITY, CAREFUL_ACCELERATION
        )
        return AxisSettings(limits, self._trim, self._scale)

    @property
    def result(self) -> AxisSettings:
        """Settings to keep."""
        limits = replace(self._original.limits, minimum=self._minimum, maximum=self._maximum)
        return AxisSettings(limits, self._trim, self._scale)

    def press(self, key: str) -> None:
        """Take a key; one that means nothing in this stage changes nothing."""
        if key == ACCEPT:
            self._accept()
            return
        if key == REVERSE and self.stage is Stage.DIRECTION:
            self._scale = -self._scale
            return
        sign = {MORE: 1, MUCH_MORE: 1, LESS: -1, MUCH_LESS: -1}.get(key, 0)
        coarse = key in (MUCH_MORE, MUCH_LESS)
        if self.stage is Stage.CENTER:
            trim = self._trim + sign * (COARSE_TRIM_US if coarse else FINE_TRIM_US)
            self._trim = max(-GREATEST_TRIM_US, min(GREATEST_TRIM_US, trim))
        elif self.stage is Stage.SCALE:
            size = abs(self._scale) + sign * (COARSE_SCALE if coarse else FINE_SCALE)
            size = max(SCALE_RANGE[0], min(SCALE_RANGE[1], size))
            self._scale = size if self._scale > 0 else -size
        elif self.stage in (Stage.LOWEST, Stage.HIGHEST):
            angle = self._angle + sign * (COARSE_ANGLE if coarse else FINE_ANGLE)
            low, high = (
                (-HARD_MAXIMUM_ANGLE, -SMALLEST_RANGE)
                if self.stage is Stage.LOWEST
                else (SMALLEST_RANGE, HARD_MAXIMUM_ANGLE)
            )
            self._angle = max(low, min(high, angle))

    def _accept(self) -> None:
        if self.stage is Stage.LOWEST:
            self._minimum = round(self._angle, 4)
        elif self.stage is Stage.HIGHEST:
            self._maximum = round(self._angle, 4)
        stages = list(Stage)
        self.stage = stages[min(stages.index(self.stage) + 1, len(stages) - 1)]
        self._angle = {
            Stage.DIRECTION: PROBE_ANGLE,
            Stage.SCALE: SCALE_ANGLE,
            Stage.LOWEST: -PROBE_ANGLE,
            Stage.HIGHEST: PROBE_ANGLE,
        }.get(self.stage, 0.0)


def calibrate(
    head: SerialHead, read_key: Callable[[], str], show: Callable[[str], None]
) -> dict[SettingsGroup, AxisSettings] | None:
    """Calibrate both axes of a connected head and store the result on the board.

    Args:
        head: open and connected; made with ``wide_limits()``, so that the host does not clamp.
        read_key: returns the next key, one of this module's constants; others are ignored.
        show: shows a prompt to the user.

    Returns:
        What was stored, or None when the user gave up; then the board has its old settings again.

    Raises:
        LinkError: if the board does not answer.
    """
    originals = {group: head.read_axis(group) for group in _WORDS}
    results: dict[SettingsGroup, AxisSettings] = {}
    for group, original in originals.items():
        axis = AxisCalibration(group, original)
        active = None
        while axis.stage is not Stage.DONE:
            if axis.settings != active:
                active = axis.settings
                _write_at_rest(head, group, active)
            _point(head, group, axis.angle)
            show(axis.prompt)
            key = read_key()
            if key == QUIT:
                _point(head, group, 0.0)
                for touched, settings in originals.items():
                    _write_at_rest(head, touched, settings)
                return None
            axis.press(key)
        _point(head, group, 0.0)
        _write_at_rest(head, group, axis.result)
        results[group] = axis.result
    head.store_settings()
    return results


def wide_limits() -> HeadLimits:
    """Return host limits that leave all clamping to the board."""
    whole = AxisLimits(
        -HARD_MAXIMUM_ANGLE, HARD_MAXIMUM_ANGLE, CAREFUL_VELOCITY, CAREFUL_ACCELERATION
    )
    return HeadLimits(whole, whole)


def _point(head: SerialHead, group: SettingsGroup, angle: float) -> None:
    pan, tilt = (angle, 0.0) if group is SettingsGroup.PAN else (0.0, angle)
    head.command(pan, tilt, _NO_LIGHT, time.time_ns())


def _write_at_rest(head: SerialHead, group: SettingsGroup, settings: AxisSettings) -> None:
    """Write settings as soon as the head has stopped moving."""
    end = time.monotonic() + _REST_TIME
    while not _written(head, group, settings):
        if time.monotonic() > end:
            raise LinkError(f"the head did not come to rest within {_REST_TIME} s")
        time.sleep(_REST_POLL)


def _written(head: SerialHead, group: SettingsGroup, settings: AxisSettings) -> bool:
    try:
        head.write_settings(group, settings)
    except RequestRefusedError as error:
        if error.status is Status.BUSY:
            return False
        raise
    return True
