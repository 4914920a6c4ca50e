"""Payloads against the golden frames, and against whatever a frame may hold."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from golden_frames import VECTORS, bytes_, golden, payloads
from hypothesis import given

from emotion_core.head.limits import HeadLimits
from emotion_core.head.protocol.framing import Frame, FrameReader, ProtocolError, encode
from emotion_core.head.protocol.messages import (
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    FrameType,
    Health,
    Motion,
    SetPoint,
    SettingsGroup,
    Status,
    TouchInput,
    Welcome,
)
from emotion_core.head.protocol.payloads import (
    ProtocolVersionError,
    check_version,
    hello_payload,
    parse,
    settings_payload,
    target_payload,
)

pytestmark = pytest.mark.unit


def of_board(vector: dict[str, Any]) -> bool:
    return vector["type"] >= 0x80


@pytest.mark.parametrize("vector", golden("board", list(filter(of_board, VECTORS["frames"]))))
def test_what_the_board_says_means_what_the_vectors_say(vector: dict[str, Any]) -> None:
    meaning = vector["meaning"]
    (frame,) = FrameReader().push(bytes.fromhex(vector["frame"]))
    message = parse(frame)
    if isinstance(message, Welcome):
        assert message.status.name == meaning["status"]
        assert list(message.protocol) == meaning["protocol"]
        if "firmware" not in meaning:
            return
        assert list(message.firmware) == meaning["firmware"]
        assert message.reset_cause == meaning["reset_cause"]
        assert message.defaults_in_use == meaning["defaults_in_use"]
        assert message.boot_count == meaning["boot_count"]
        assert message.rejected_frames == meaning["rejected_frames"]
        assert message.pan_range == pytest.approx(meaning["pan_range"])
        assert message.tilt_range == pytest.approx(meaning["tilt_range"])
    elif isinstance(message, Ack):
        assert message.status.name == meaning["status"]
        assert message.flags == meaning["flags"]
        assert (message.pan, message.tilt) == pytest.approx((meaning["pan"], meaning["tilt"]))
    elif isinstance(message, AxisSettings):
        assert message.limits.minimum == meaning["minimum"]
        assert message.limits.maximum == meaning["maximum"]
        assert message.limits.max_velocity == meaning["max_velocity"]
        assert message.limits.max_acceleration == meaning["max_acceleration"]
        assert message.trim_us == meaning["trim_us"]
        assert message.scale_us_per_rad == meaning["scale_us_per_rad"]
    elif isinstance(message, Motion):
        assert message.flags == meaning["flags"]
        assert (message.pan, message.tilt) == pytest.approx((meaning["pan"], meaning["tilt"]))
    elif isinstance(message, SetPoint):
        assert message.target_sequence == meaning["target_sequence"]
        assert (message.pan, message.tilt) == pytest.approx((meaning["pan"], meaning["tilt"]))
    elif isinstance(message, Health):
        assert message.supply_voltage == meaning["supply_voltage"]
        assert message.rejected_frames == meaning["rejected_frames"]
        assert message.silences == meaning["silences"]
    else:
        pytest.fail(f"{type(message).__name__} is not checked")


def test_what_the_host_says_is_what_the_vectors_say() -> None:
    by_name = {vector["name"]: bytes.fromhex(vector["payload"]) for vector in VECTORS["frames"]}
    assert hello_payload() == by_name["hello of protocol 1.0"]
    orange = (1.0, 128 / 255, 0.0)
    assert (
        target_payload(math.radians(30), math.radians(10), orange)
        == (by_name["target 30° left and 10° up, LED orange"])
    )
    assert (
        target_payload(-9.9, 9.9, (5.0, 1.0, 1.0))
        == (by_name["target at the ends of the number range"])
    )
    defaults = AxisSettings(HeadLimits().pan)
    assert (
        settings_payload(SettingsGroup.PAN, defaults)
        == (by_name["write settings of pan, the defaults"])
    )
    sensor = BoardSettings(TouchInput.ACTIVE_HIGH, 15.0)
    assert (
        settings_payload(SettingsGroup.BOARD, sensor)
        == (by_name["write settings of the board: sensor that goes high, 15 V divider"])
    )


@given(frame_type=bytes_, payload=payloads)
def test_parsing_gives_a_message_or_a_protocol_error(frame_type: int, payload: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert parse(Frame(frame_type, 0, payload)) is not None


def test_settings_of_another_group_are_refused() -> None:
    with pytest.raises(ProtocolError, match="BOARD"):
        settings_payload(SettingsGroup.BOARD, AxisSettings(HeadLimits().pan))
    with pytest.raises(ProtocolError, match="fit the wire"):
        settings_payload(SettingsGroup.PAN, AxisSettings(HeadLimits().pan, trim_us=99_999))


@pytest.mark.parametrize(
    ("version", "advice"), [((0, 9), "emotion-bot flash"), ((2, 3), "update emotion_bot")]
)
def test_another_major_version_is_refused_with_advice(
    version: tuple[int, int], advice: str
) -> None:
    payload = bytes((Status.VERSION, *version)) + bytes(9)
    welcome = parse(Frame(FrameType.WELCOME, 1, payload))
    assert isinstance(welcome, Welcome)
    with pytest.raises(ProtocolVersionError, match=advice):
        check_version(welcome)


def test_flags_have_names() -> None:
    (frame,) = FrameReader().push(encode(FrameType.MOTION, 0, bytes(4) + b"\x53"))
    message = parse(frame)
    assert isinstance(message, Motion)
    assert message.flags == Flag.POWERED | Flag.PARKED | Flag.HOMING | Flag.LINKED
