"""The codec against the golden frames, and against whatever a line may bring."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.head import protocol
from emotion_core.head.limits import HeadLimits
from emotion_core.head.protocol import (
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    FrameReader,
    FrameType,
    Health,
    Motion,
    ProtocolError,
    ProtocolVersionError,
    SetPoint,
    SettingsGroup,
    Status,
    TouchInput,
    Welcome,
    check_version,
    encode,
    hello_payload,
    parse,
    settings_payload,
    target_payload,
)

pytestmark = pytest.mark.unit

VECTORS = json.loads(
    (Path(__file__).parents[3] / "firmware" / "vectors.json").read_text(encoding="utf-8")
)
payloads = st.binary(max_size=protocol.MAX_PAYLOAD)
bytes_ = st.integers(0, 255)


def golden(kind: str, values: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(value, id=f"{kind}: {value['name']}") for value in values]


@pytest.mark.parametrize("vector", golden("frame", VECTORS["frames"]))
def test_golden_frames_are_written_and_read(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["payload"])
    frame = bytes.fromhex(vector["frame"])
    assert encode(vector["type"], vector["sequence"], payload) == frame
    (read,) = FrameReader().push(frame)
    assert (read.type, read.sequence, read.payload) == (
        vector["type"],
        vector["sequence"],
        payload,
    )


@pytest.mark.parametrize("vector", golden("stream", VECTORS["streams"]))
def test_golden_streams_give_their_frames_and_no_other(vector: dict[str, Any]) -> None:
    reader = FrameReader()
    frames = list(reader.push(bytes.fromhex(vector["stream"])))
    assert len(frames) == vector["frames"]
    assert reader.rejected == vector["rejected"]


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


@given(frame_type=bytes_, sequence=bytes_, payload=payloads)
def test_every_frame_survives_the_round_trip(
    frame_type: int, sequence: int, payload: bytes
) -> None:
    data = encode(frame_type, sequence, payload)
    assert len(data) <= protocol.MAX_FRAME
    assert data.index(0) == len(data) - 1
    (read,) = FrameReader().push(data)
    assert (read.type, read.sequence, read.payload) == (frame_type, sequence, payload)


@given(garbage=st.binary(max_size=300), sequence=bytes_, payload=payloads, cut=st.integers(0, 400))
def test_the_frame_after_a_delimiter_is_read_however_the_bytes_arrive(
    garbage: bytes, sequence: int, payload: bytes, cut: int
) -> None:
    stream = garbage + b"\0" + encode(FrameType.TARGET, sequence, payload)
    reader = FrameReader()
    frames = [*reader.push(stream[:cut]), *reader.push(stream[cut:])]
    assert frames[-1].payload == payload
    assert frames[-1].sequence == sequence


@given(stream=st.binary(max_size=2000))
def test_parts_of_a_stream_mean_the_same_as_the_whole(stream: bytes) -> None:
    whole, single = FrameReader(), FrameReader()
    expected = list(whole.push(stream))
    got = [frame for byte in stream for frame in single.push(bytes((byte,)))]
    assert got == expected
    assert single.rejected == whole.rejected


@given(sequence=bytes_, payload=payloads, place=st.integers(0, 10_000), flip=st.integers(0, 7))
def test_a_flipped_bit_is_always_found(
    sequence: int, payload: bytes, place: int, flip: int
) -> None:
    data = bytearray(encode(FrameType.ACK, sequence, payload))
    data[place % len(data)] ^= 1 << flip
    assert list(FrameReader().push(bytes(data) + b"\0")) == []


@given(frame_type=bytes_, payload=payloads)
def test_parsing_gives_a_message_or_a_protocol_error(frame_type: int, payload: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert parse(protocol.Frame(frame_type, 0, payload)) is not None


def test_memory_does_not_grow_without_delimiters() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert list(reader.push(b"\x55" * 1000)) == []
    assert list(reader.push(b"\0" + encode(FrameType.ACK, 1))) != []
    assert reader.rejected == 1


@pytest.mark.parametrize(
    ("frame_type", "sequence", "payload"), [(256, 0, b""), (1, -1, b""), (1, 0, bytes(20))]
)
def test_a_frame_that_cannot_be_is_refused(frame_type: int, sequence: int, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        encode(frame_type, sequence, payload)


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
    welcome = parse(protocol.Frame(FrameType.WELCOME, 1, payload))
    assert isinstance(welcome, Welcome)
    with pytest.raises(ProtocolVersionError, match=advice):
        check_version(welcome)


def test_flags_have_names() -> None:
    (frame,) = FrameReader().push(encode(FrameType.MOTION, 0, bytes(4) + b"\x53"))
    message = parse(frame)
    assert isinstance(message, Motion)
    assert message.flags == Flag.POWERED | Flag.PARKED | Flag.HOMING | Flag.LINKED
