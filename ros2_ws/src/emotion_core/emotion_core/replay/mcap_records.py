"""The records of an MCAP file, version 0, as bytes.

Format: https://mcap.dev/spec. Integers are little-endian; a string or a map is preceded by its
length in bytes as uint32; a record is its opcode, the length of its content as uint64, and the
content.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

MAGIC: Final = b"\x89MCAP0\r\n"
RECORD_HEAD: Final = struct.Struct("<BQ")
"""Opcode and length of the content."""
CHUNK_HEAD: Final = struct.Struct("<QQQI")
"""Times of the first and the last message, size and checksum of the records."""
MESSAGE_HEAD: Final = struct.Struct("<HIQQ")
"""Channel, sequence number, log time and publish time."""
FOOTER: Final = struct.Struct("<QQI")
"""Offset of the summary, of the summary offsets, and the summary's checksum."""

LIBRARY: Final = "emotion_bot"
"""Name of the writing program in the header, and of the record with its properties."""

_NO_COMPRESSION: Final = b"\x00\x00\x00\x00"


class Opcode(IntEnum):
    """Kinds of records."""

    HEADER = 0x01
    FOOTER = 0x02
    SCHEMA = 0x03
    CHANNEL = 0x04
    MESSAGE = 0x05
    CHUNK = 0x06
    MESSAGE_INDEX = 0x07
    CHUNK_INDEX = 0x08
    STATISTICS = 0x0B
    METADATA = 0x0C
    METADATA_INDEX = 0x0D
    SUMMARY_OFFSET = 0x0E
    DATA_END = 0x0F


@dataclass(frozen=True, slots=True)
class Schema:
    """A message type.

    Attributes:
        id: from 1.
        name: ROS name, such as ``sensor_msgs/msg/Image``.
        definition: text of the type and of all types in it.
    """

    id: int
    name: str
    definition: str

    def encode(self) -> bytes:
        """Return the record."""
        content = struct.pack("<H", self.id) + string(self.name) + string("ros2msg")
        return record(Opcode.SCHEMA, content + string(self.definition))


@dataclass(frozen=True, slots=True)
class Channel:
    """A topic.

    Attributes:
        id: from 1.
        schema_id: of its type.
        topic: name with a leading slash.
        metadata: further properties.
    """

    id: int
    schema_id: int
    topic: str
    metadata: Mapping[str, str]

    def encode(self) -> bytes:
        """Return the record."""
        content = struct.pack("<HH", self.id, self.schema_id) + string(self.topic) + string("cdr")
        return record(Opcode.CHANNEL, content + string_map(self.metadata))


@dataclass(slots=True)
class ChunkContent:
    """Records that have not been written to the file yet.

    Attributes:
        records: schemas, channels and messages.
        messages: log time (ns) and offset in `records` of every message, by channel id.
    """

    records: bytearray = field(default_factory=bytearray)
    messages: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def add_message(self, head: bytes, data: bytes | memoryview) -> None:
        """Append a message; ``head`` is packed by `MESSAGE_HEAD`."""
        channel_id, _, log_time, _ = MESSAGE_HEAD.unpack(head)
        self.messages.setdefault(channel_id, []).append((log_time, len(self.records)))
        self.records += RECORD_HEAD.pack(Opcode.MESSAGE, len(head) + len(data))
        self.records += head
        self.records += data

    def times(self) -> tuple[int, int]:
        """Return the log times of the first and the last message, ns; zeros without any."""
        times = [time for entries in self.messages.values() for time, _ in entries]
        return (min(times), max(times)) if times else (0, 0)

    def encode(self) -> bytes:
        """Return the chunk record, uncompressed."""
        first, last = self.times()
        checksum = zlib.crc32(self.records)
        content = CHUNK_HEAD.pack(first, last, len(self.records), checksum) + _NO_COMPRESSION
        return record(
            Opcode.CHUNK, content + struct.pack("<Q", len(self.records)) + bytes(self.records)
        )

    def encode_indexes(self) -> dict[int, bytes]:
        """Return the message index record of every channel, by channel id."""
        return {
            channel_id: record(
                Opcode.MESSAGE_INDEX,
                struct.pack("<HI", channel_id, 16 * len(entries))
                + b"".join(struct.pack("<QQ", *entry) for entry in entries),
            )
            for channel_id, entries in self.messages.items()
        }


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a written chunk is.

    Attributes:
        times: log times of its first and last message, ns.
        offset: of the chunk record in the file.
        length: of the chunk record.
        index_offsets: offsets of its message indexes in the file, by channel id.
        index_length: of all message indexes.
        size: of the records in it.
    """

    times: tuple[int, int]
    offset: int
    length: int
    index_offsets: Mapping[int, int]
    index_length: int
    size: int

    def encode(self) -> bytes:
        """Return the chunk index record."""
        offsets = b"".join(struct.pack("<HQ", *entry) for entry in self.index_offsets.items())
        return record(
            Opcode.CHUNK_INDEX,
            struct.pack("<QQQQ", *self.times, self.offset, self.length)
            + struct.pack("<I", len(offsets))
            + offsets
            + struct.pack("<Q", self.index_length)
            + _NO_COMPRESSION
            + struct.pack("<QQ", self.size, self.size),
        )


def place(content: ChunkContent, offset: int) -> tuple[bytes, ChunkPlace]:
    """Return the bytes of a chunk with its message indexes, and its place when put at an offset."""
    chunk = content.encode()
    indexes = content.encode_indexes()
    offsets = {}
    position = offset + len(chunk)
    for channel_id, index in indexes.items():
        offsets[channel_id] = position
        position += len(index)
    where = ChunkPlace(
        content.times(),
        offset,
        len(chunk),
        offsets,
        position - offset - len(chunk),
        len(content.records),
    )
    return chunk + b"".join(indexes.values()), where


def file_start(properties: Mapping[str, str]) -> bytes:
    """Return what a file begins with: signature, and a metadata record with the properties."""
    return SIGNATURE + record(Opcode.METADATA, string(LIBRARY) + string_map(properties))


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands at the end of a file.

    Attributes:
        schemas: all types.
        channels: all topics.
        chunks: all chunks.
        counts: number of messages by channel id.
        start: bytes before the first chunk, as `file_start` gives them.
    """

    schemas: Sequence[Schema]
    channels: Sequence[Channel]
    chunks: Sequence[ChunkPlace]
    counts: Mapping[int, int]
    start: bytes

    def encode(self, offset: int) -> bytes:
        """Return everything that follows the last chunk, when that ends at an offset."""
        data_end = record(Opcode.DATA_END, struct.pack("<I", 0))
        position = summary_start = offset + len(data_end)
        body = b""
        offsets = b""
        for opcode, records in (
            (Opcode.SCHEMA, [schema.encode() for schema in self.schemas]),
            (Opcode.CHANNEL, [channel.encode() for channel in self.channels]),
            (Opcode.STATISTICS, [self._statistics()]),
            (Opcode.CHUNK_INDEX, [chunk.encode() for chunk in self.chunks]),
            (Opcode.METADATA_INDEX, [self._metadata_index()]),
        ):
            group = b"".join(records)
            if group:
                content = struct.pack("<BQQ", opcode, position, len(group))
                offsets += record(Opcode.SUMMARY_OFFSET, content)
            body += group
            position += len(group)
        body += offsets
        footer_head = RECORD_HEAD.pack(Opcode.FOOTER, FOOTER.size)
        footer_head += struct.pack("<QQ", summary_start, position)
        checksum = zlib.crc32(body + footer_head)
        return data_end + body + footer_head + struct.pack("<I", checksum) + MAGIC

    def times(self) -> tuple[int, int]:
        """Return the log times of the first and the last message, ns; zeros without any."""
        times = [chunk.times for chunk in self.chunks if chunk.index_offsets]
        if not times:
            return 0, 0
        return min(first for first, _ in times), max(last for _, last in times)

    def _statistics(self) -> bytes:
        counts = b"".join(struct.pack("<HQ", *entry) for entry in self.counts.items())
        content = struct.pack(
            "<QHIIIIQQ",
            sum(self.counts.values()),
            len(self.schemas),
            len(self.channels),
            0,
            1,
            len(self.chunks),
            *self.times(),
        )
        return record(Opcode.STATISTICS, content + struct.pack("<I", len(counts)) + counts)

    def _metadata_index(self) -> bytes:
        content = struct.pack("<QQ", len(SIGNATURE), len(self.start) - len(SIGNATURE))
        return record(Opcode.METADATA_INDEX, content + string(LIBRARY))


def record(opcode: Opcode, content: bytes) -> bytes:
    """Return a record."""
    return RECORD_HEAD.pack(opcode, len(content)) + content


def string(text: str) -> bytes:
    """Return a text with its length."""
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def string_map(mapping: Mapping[str, str]) -> bytes:
    """Return a map from texts to texts with its length."""
    data = b"".join(string(key) + string(value) for key, value in mapping.items())
    return struct.pack("<I", len(data)) + data


SIGNATURE: Final = MAGIC + record(Opcode.HEADER, string("ros2") + string(LIBRARY))
"""Magic and header, as only this project's files have them."""
