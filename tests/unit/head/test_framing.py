"""Frames against the golden ones, and against whatever a line may bring."""

from __future__ import annotations

from typing import Any

import pytest
from golden_frames import VECTORS, bytes_, golden, payloads
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.head.protocol.framing import MAX_FRAME, FrameReader, ProtocolError, encode
from emotion_core.head.protocol.messages import FrameType

pytestmark = pytest.mark.unit


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


@given(frame_type=bytes_, sequence=bytes_, payload=payloads)
def test_every_frame_survives_the_round_trip(
    frame_type: int, sequence: int, payload: bytes
) -> None:
    data = encode(frame_type, sequence, payload)
    assert len(data) <= MAX_FRAME
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
