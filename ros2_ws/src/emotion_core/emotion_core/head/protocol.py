"""The frames between host and board, as ``firmware/PROTOCOL.md`` describes them.

A frame is COBS(type, sequence, payload, CRC-16/CCITT-FALSE) closed by one zero byte. Numbers are
little-endian. ``firmware/vectors.json`` holds golden frames that both sides are tested with.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

from cobs import cobs

from emotion_core.head.limits import (
    ACCELERATION_UNIT,
    ANGLE_UNIT,
    VELOCITY_UNIT,
    AxisLimits,
    acceleration_to_wire,
    velocity_to_wire,
)

PROTOCOL_MAJOR: Final = 1
PROTOCOL_MINOR: Final = 0
BAUD_RATE: Final = 115200
DELIMITER: Final = b"\x00"
MAX_PAYLOAD: Final = 19
MAX_FRAME: Final = 2 + MAX_PAYLOAD + 2 + 2
"""Longest frame on the wire with its byte of COBS and the delimiter."""

_MIN_BODY: Final = 4
_NO_SUPPLY: Final = 0xFFFF
_DEFAULTS_IN_USE: Final = 1 << 7
_INT16: Final = 32767


class ProtocolError(ValueError):
    """A frame that cannot be built or does not mean anything."""


class ProtocolVersionError(RuntimeError):
    """Board and host speak protocols whose major versions differ."""


class FrameType(IntEnum):
    """First byte of a frame; those from the board have the highest bit set."""

    HELLO = 0x01
    TARGET = 0x02
    HEARTBEAT = 0x03
    PARK = 0x04
    READ_SETTINGS = 0x05
    WRITE_SETTINGS = 0x06
    STORE_SETTINGS = 0x07
    RESTORE_DEFAULTS = 0x08
    WELCOME = 0x81
    ACK = 0x82
    SETTINGS = 0x85
    MOTION = 0x90
    SET_POINT = 0x91
    HEALTH = 0x92


class Status(IntEnum):
    """How the board took a command."""

    OK = 0
    LIMITED = 1
    NOT_LINKED = 2
    VERSION = 3
    MALFORMED = 4
    OUT_OF_BOUNDS = 5
    BUSY = 6


class Flag(IntFlag):
    """State of the board in acknowledgements and telemetry."""

    POWERED = 1 << 0
    PARKED = 1 << 1
    LIMITED = 1 << 2
    TOUCHED = 1 << 3
    HOMING = 1 << 4
    MOVING = 1 << 5
    LINKED = 1 << 6
    STORING = 1 << 7


class SettingsGroup(IntEnum):
    """What a settings frame is about."""

    PAN = 0
    TILT = 1
    BOARD = 2


class TouchInput(IntEnum):
    """What is connected to the touch pin."""

    NONE = 0
    ACTIVE_LOW = 1
    ACTIVE_HIGH = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose COBS and CRC are right, its payload not yet looked at."""

    type: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer to a HELLO."""

    status: Status
    protocol: tuple[int, int]
    firmware: tuple[int, int, int]
    reset_cause: int
    defaults_in_use: bool
    boot_count: int
    rejected_frames: int
    pan_range: tuple[float, float]
    tilt_range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ack:
    """Answer to a command; angles are where the profile stands, rad."""

    status: Status
    flags: Flag
    pan: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Motion:
    """Telemetry: where the profile stands, rad."""

    pan: float
    tilt: float
    flags: Flag


@dataclass(frozen=True, slots=True)
class SetPoint:
    """Telemetry: accepted set-point, rad, and the sequence number of the TARGET that set it."""

    pan: float
    tilt: float
    target_sequence: int


@dataclass(frozen=True, slots=True)
class Health:
    """Telemetry: supply in V, None without a divider, and counts since the reset.

    Rejected frames are counted modulo 2^16, silences of the link up to 255.
    """

    supply_voltage: float | None
    rejected_frames: int
    silences: int


@dataclass(frozen=True, slots=True)
class AxisSettings:
    """Limits of one axis and how its servo is driven.

    Attributes:
        limits: range, speed and acceleration.
        trim_us: added to the 1500 µs of the straight-ahead pulse, µs.
        scale_us_per_rad: change of the pulse per angle, µs/rad; negative turns the axis round.
    """

    limits: AxisLimits
    trim_us: int = 0
    scale_us_per_rad: int = 637


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """What is fitted to the board.

    Attributes:
        touch_input: kind of the touch or button input.
        supply_full_scale_v: supply voltage at which the divided voltage reaches 5 V; 0 when no
            divider is fitted.
    """

    touch_input: TouchInput = TouchInput.ACTIVE_LOW
    supply_full_scale_v: float = 0.0


Message = Welcome | Ack | AxisSettings | BoardSettings | Motion | SetPoint | Health


def encode(frame_type: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame, closed by its delimiter.

    Raises:
        ProtocolError: if type or sequence are no bytes or the payload is too long.
    """
    if not (0 <= frame_type <= 255 and 0 <= sequence <= 255):
        raise ProtocolError(f"type {frame_type} and sequence {sequence} must lie in [0, 255]")
    if len(payload) > MAX_PAYLOAD:
        raise ProtocolError(f"payload of {len(payload)} bytes exceeds {MAX_PAYLOAD}")
    body = bytes((frame_type, sequence)) + payload
    checksum = struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))
    return bytes(cobs.encode(body + checksum)) + DELIMITER


def decode(encoded: bytes) -> Frame | None:
    """Return the frame of the bytes before a delimiter, or None when they are no frame."""
    if len(encoded) >= MAX_FRAME:
        return None
    try:
        body = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return None
    if len(body) < _MIN_BODY:
        return None
    (checksum,) = struct.unpack("<H", body[-2:])
    if checksum != binascii.crc_hqx(body[:-2], 0xFFFF):
        return None
    return Frame(body[0], body[1], body[2:-2])


class FrameReader:
    """Finds frames in a stream of bytes, whatever else the stream holds."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._overlong = False
        self.rejected = 0

    def push(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that the bytes complete; what is no frame is counted as rejected."""
        *ended, rest = data.split(DELIMITER)
        for part in ended:
            self._append(part)
            encoded, overlong = bytes(self._partial), self._overlong
            self._partial.clear()
            self._overlong = False
            if not encoded:
                continue
            frame = None if overlong else decode(encoded)
            if frame is None:
                self.rejected += 1
            else:
                yield frame
        self._append(rest)

    def _append(self, part: bytes) -> None:
        room = MAX_FRAME - 1 - len(self._partial)
        self._overlong = self._overlong or len(part) > room
        self._partial += part[: max(room, 0)]


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
