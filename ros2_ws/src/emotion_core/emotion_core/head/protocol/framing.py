"""Frames on the wire, as ``firmware/PROTOCOL.md`` describes them: bytes that carry a payload.

A frame is COBS(type, sequence, payload, CRC-16/CCITT-FALSE) closed by one zero byte. Numbers are
little-endian. ``firmware/vectors.json`` holds golden frames that both sides are tested with.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cobs import cobs

BAUD_RATE: Final = 115200
DELIMITER: Final = b"\x00"
MAX_PAYLOAD: Final = 19
MAX_FRAME: Final = 2 + MAX_PAYLOAD + 2 + 2
"""Longest frame on the wire with its byte of COBS and the delimiter."""

_MIN_BODY: Final = 4


class ProtocolError(ValueError):
    """A frame that cannot be built or does not mean anything."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose COBS and CRC are right, its payload not yet looked at."""

    type: int
    sequence: int
    payload: bytes


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


def encode_after_delimiter(frame_type: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame after a delimiter that ends whatever noise the other end has heard before.

    Raises:
        ProtocolError: if type or sequence are no bytes or the payload is too long.
    """
    return DELIMITER + encode(frame_type, sequence, payload)


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
