"""Payloads of frames: building those of the host, and reading those of the board.

Numbers are little-endian, in the units of :mod:`emotion_core.head.limits`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from emotion_core.head.limits import (
    ACCELERATION_UNIT,
    ANGLE_UNIT,
    VELOCITY_UNIT,
    AxisLimits,
    acceleration_to_wire,
    velocity_to_wire,
)
from emotion_core.head.protocol.framing import Frame, ProtocolError
from emotion_core.head.protocol.messages import (
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    FrameType,
    Health,
    Message,
    Motion,
    SetPoint,
    SettingsGroup,
    Status,
    TouchInput,
    Welcome,
)

PROTOCOL_MAJOR: Final = 1
PROTOCOL_MINOR: Final = 0

_NO_SUPPLY: Final = 0xFFFF
_DEFAULTS_IN_USE: Final = 1 << 7
_INT16: Final = 32767


class ProtocolVersionError(RuntimeError):
    """Board and host speak protocols whose major versions differ."""


def angle_to_wire(angle: float) -> int:
    """Return an angle (rad) in wire units, at most as far as the wire can say."""
    return max(-_INT16, min(_INT16, round(angle / ANGLE_UNIT)))


def hello_payload() -> bytes:
    """Return the payload of a HELLO of this version."""
    return bytes((PROTOCOL_MAJOR, PROTOCOL_MINOR))


def target_payload(pan: float, tilt: float, led_rgb: tuple[float, float, float]) -> bytes:
    """Return the payload of a TARGET: angles in rad, colour channels in [0, 1]."""
    colour = (round(255 * max(0.0, min(1.0, channel))) for channel in led_rgb)
    return struct.pack("<hh3B", angle_to_wire(pan), angle_to_wire(tilt), *colour)


def settings_payload(group: SettingsGroup, settings: AxisSettings | BoardSettings) -> bytes:
    """Return the payload of a WRITE_SETTINGS.

    Raises:
        ProtocolError: if the settings do not belong to the group or a value does not fit.
    """
    if (group is SettingsGroup.BOARD) is not isinstance(settings, BoardSettings):
        raise ProtocolError(f"{type(settings).__name__} are no settings of {group.name}")
    try:
        if isinstance(settings, BoardSettings):
            full_scale = round(settings.supply_full_scale_v * 1000)
            return struct.pack("<B6H", group, settings.touch_input, full_scale, 0, 0, 0, 0)
        limits = settings.limits
        return struct.pack(
            "<BhhHHhh",
            group,
            angle_to_wire(limits.minimum),
            angle_to_wire(limits.maximum),
            velocity_to_wire(limits.max_velocity),
            acceleration_to_wire(limits.max_acceleration),
            settings.trim_us,
            settings.scale_us_per_rad,
        )
    except struct.error as error:
        raise ProtocolError(f"settings of {group.name} do not fit the wire: {error}") from error


def parse(frame: Frame) -> Message:
    """Return what a frame from the board says.

    Raises:
        ProtocolError: if the type is not one of the board's, or the payload is not as it should be.
    """
    parser = _PARSERS.get(frame.type)
    if parser is None:
        raise ProtocolError(f"frame type {frame.type:#04x} is none that a board sends")
    try:
        return parser(frame.payload)
    except (struct.error, ValueError, IndexError) as error:
        name = FrameType(frame.type).name
        raise ProtocolError(f"{name} with payload {frame.payload.hex()}: {error}") from error


def check_version(welcome: Welcome) -> None:
    """Refuse a board whose protocol this host does not speak.

    Raises:
        ProtocolVersionError: with what to do about it.
    """
    if welcome.protocol[0] == PROTOCOL_MAJOR and welcome.status is not Status.VERSION:
        return
    theirs = ".".join(map(str, welcome.protocol))
    raise ProtocolVersionError(
        f"the board speaks head protocol {theirs}, this program {PROTOCOL_MAJOR}.{PROTOCOL_MINOR}; "
        + (
            "update the board with `emotion-bot flash`"
            if welcome.protocol[0] < PROTOCOL_MAJOR
            else "update emotion_bot, or flash the board with this version's firmware"
        )
    )


def _welcome(payload: bytes) -> Welcome:
    status, major, minor = struct.unpack_from("<3B", payload)
    if major != PROTOCOL_MAJOR:  # of another version only the start is known
        nowhere = (0.0, 0.0)
        return Welcome(Status.VERSION, (major, minor), (0, 0, 0), 0, False, 0, 0, nowhere, nowhere)
    fields = struct.unpack("<7B2H4h", payload)
    cause, boot_count, rejected = fields[6:9]
    pan_minimum, pan_maximum, tilt_minimum, tilt_maximum = (
        units * ANGLE_UNIT for units in fields[9:]
    )
    return Welcome(
        Status(status),
        (major, minor),
        (fields[3], fields[4], fields[5]),
        cause & ~_DEFAULTS_IN_USE,
        bool(cause & _DEFAULTS_IN_USE),
        boot_count,
        rejected,
        (pan_minimum, pan_maximum),
        (tilt_minimum, tilt_maximum),
    )


def _ack(payload: bytes) -> Ack:
    status, flags, pan, tilt = struct.unpack("<BBhh", payload)
    return Ack(Status(status), Flag(flags), pan * ANGLE_UNIT, tilt * ANGLE_UNIT)


def _settings(payload: bytes) -> AxisSettings | BoardSettings:
    if SettingsGroup(payload[0]) is SettingsGroup.BOARD:
        _, touch, full_scale, *_ = struct.unpack("<B6H", payload)
        return BoardSettings(TouchInput(touch), full_scale / 1000)
    _, minimum, maximum, velocity, acceleration, trim, scale = struct.unpack("<BhhHHhh", payload)
    limits = AxisLimits(
        round(minimum * ANGLE_UNIT, 4),
        round(maximum * ANGLE_UNIT, 4),
        round(velocity * VELOCITY_UNIT, 3),
        round(acceleration * ACCELERATION_UNIT, 2),
    )
    return AxisSettings(limits, trim, scale)


def _motion(payload: bytes) -> Motion:
    pan, tilt, flags = struct.unpack("<hhB", payload)
    return Motion(pan * ANGLE_UNIT, tilt * ANGLE_UNIT, Flag(flags))


def _set_point(payload: bytes) -> SetPoint:
    pan, tilt, sequence = struct.unpack("<hhB", payload)
    return SetPoint(pan * ANGLE_UNIT, tilt * ANGLE_UNIT, sequence)


def _health(payload: bytes) -> Health:
    supply, rejected, silences = struct.unpack("<HHB", payload)
    return Health(None if supply == _NO_SUPPLY else supply / 1000, rejected, silences)


_PARSERS: Final[dict[int, Callable[[bytes], Message]]] = {
    FrameType.WELCOME.value: _welcome,
    FrameType.ACK.value: _ack,
    FrameType.SETTINGS.value: _settings,
    FrameType.MOTION.value: _motion,
    FrameType.SET_POINT.value: _set_point,
    FrameType.HEALTH.value: _health,
}
