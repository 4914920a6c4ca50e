"""What host and board say to each other: types of frames, states, answers, telemetry, settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from emotion_core.head.limits import AxisLimits


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
