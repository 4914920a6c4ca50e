"""Reading MCAP files of our own writing from the front, as far as they are whole."""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emotion_core.replay.mcap_records import (
    CHUNK_HEAD,
    FOOTER,
    MAGIC,
    MESSAGE_HEAD,
    RECORD_HEAD,
    SIGNATURE,
    Channel,
    ChunkContent,
    ChunkPlace,
    Opcode,
    Schema,
    Summary,
    place,
)

_TAIL = RECORD_HEAD.size + FOOTER.size + len(MAGIC)
_CHUNK_RECORDS = CHUNK_HEAD.size + 4 + 8
_LONGEST_START = 1 << 16
_STATISTICS_HEAD = struct.calcsize("<QHIIIIQQ") + 4


class McapError(ValueError):
    """A file is not what it should be; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is whole in a file.

    Attributes:
        summary: of the whole chunks.
        data_end: offset behind the last whole record.
        missing_indexes: message indexes of the last chunk that still have to be written there.
    """

    summary: Summary
    data_end: int
    missing_indexes: bytes = b""


def is_complete(path: Path) -> bool:
    """Return whether a file ends with an index that fits it.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < len(MAGIC) + _TAIL:
            return False
        file.seek(size - _TAIL)
        tail = file.read(_TAIL)
        opcode, length = RECORD_HEAD.unpack_from(tail)
        if (opcode, length) != (Opcode.FOOTER, FOOTER.size) or not tail.endswith(MAGIC):
            return False
        start, _, checksum = FOOTER.unpack_from(tail, RECORD_HEAD.size)
        end = size - len(MAGIC) - 4
        if not len(MAGIC) <= start <= end:
            return False
        # Other writers may leave out the index or its checksum; their files are theirs to judge.
        if start == 0 or checksum == 0:
            return True
        file.seek(start)
        return bool(zlib.crc32(file.read(end - start)) == checksum)


def written_by_us(path: Path) -> bool:
    """Return whether a file begins as those of our own writing do.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_summary(path: Path) -> Summary:
    """Return the index at the end of a complete file of our own writing.

    Raises:
        OSError: if it cannot be read.
        McapError: if the file is not complete or something else wrote it.
    """
    if not (is_complete(path) and written_by_us(path)):
        raise McapError(f"{path} has no index of our own writing")
    with path.open("rb") as file:
        start = file.read(_LONGEST_START)
        file.seek(-_TAIL, os.SEEK_END)
        summary_start, offsets_start, _ = FOOTER.unpack_from(file.read(_TAIL), RECORD_HEAD.size)
        file.seek(summary_start)
        body = memoryview(file.read(offsets_start - summary_start))
    schemas, channels, chunks, counts = [], [], [], {}
    for opcode, content in _records(body, 0):
        if opcode == Opcode.SCHEMA:
            schemas.append(_schema(content))
        elif opcode == Opcode.CHANNEL:
            channels.append(_channel(content))
        elif opcode == Opcode.CHUNK_INDEX:
            chunks.append(_chunk_place(content))
        elif opcode == Opcode.STATISTICS:
            counts = dict(struct.iter_unpack("<HQ", content[_STATISTICS_HEAD:]))
    return Summary(schemas, channels, chunks, counts, start[: _start(memoryview(start), path)])


def scan(path: Path) -> Contents:
    """Return what is whole in a file of our own writing.

    Raises:
        OSError: if it cannot be read.
        McapError: if something else wrote it, or not even its beginning is whole.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise McapError(f"{path} is empty")
        # Not closed by name: that fails as long as an error's traceback holds a part of it.
        return _scan(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), path)


def _scan(data: memoryview, path: Path) -> Contents:
    start_end = position = _start(data, path)
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    chunks: list[ChunkPlace] = []
    counts: dict[int, int] = {}
    missing = b""
    while not missing and (records := _chunk(data, position)) is not None:
        for opcode, body in _records(records, 0):
            if opcode == Opcode.SCHEMA:
                schema = _schema(body)
                schemas[schema.id] = schema
            elif opcode == Opcode.CHANNEL:
                channel = _channel(body)
                channels[channel.id] = channel
                counts.setdefault(channel.id, 0)
        content = _indexed(records)
        block, where = place(content, position)
        chunks.append(where)
        for channel_id, entries in content.messages.items():
            counts[channel_id] += len(entries)
        position += where.length
        indexes = block[where.length :]
        if bytes(data[position : position + len(indexes)]) == indexes:
            position += len(indexes)
        else:
            missing = indexes
    start = bytes(data[:start_end])
    summary = Summary([*schemas.values()], [*channels.values()], chunks, counts, start)
    return Contents(summary, position, missing)


def _start(data: memoryview, path: Path) -> int:
    """Return the offset behind the signature and the properties."""
    if bytes(data[: len(SIGNATURE)]) != SIGNATURE:
        raise McapError(f"{path} cannot be repaired: it is not of our own writing")
    opcode, content = next(_records(data, len(SIGNATURE)), (None, data[:0]))
    if opcode != Opcode.METADATA:
        raise McapError(f"{path} cannot be repaired: its beginning is torn")
    return len(SIGNATURE) + RECORD_HEAD.size + len(content)


def _chunk(data: memoryview, position: int) -> memoryview | None:
    """Return the records of the whole chunk at an offset, or None when there is none."""
    opcode, content = next(_records(data, position), (None, data[:0]))
    if opcode != Opcode.CHUNK or len(content) < _CHUNK_RECORDS:
        return None
    _, _, size, checksum = CHUNK_HEAD.unpack_from(content)
    records = content[_CHUNK_RECORDS:]
    if len(records) != size or zlib.crc32(records) != checksum:
        return None
    return records


def _indexed(records: memoryview) -> ChunkContent:
    """Return a chunk's content with the places of its messages."""
    content = ChunkContent(bytearray(records))
    position = 0
    for opcode, body in _records(records, 0):
        if opcode == Opcode.MESSAGE:
            channel_id, _, log_time, _ = MESSAGE_HEAD.unpack_from(body)
            content.messages.setdefault(channel_id, []).append((log_time, position))
        position += RECORD_HEAD.size + len(body)
    return content


def _records(data: memoryview, position: int) -> Iterator[tuple[int, memoryview]]:
    """Yield opcode and content of each record, up to the first one that is not all there."""
    while position + RECORD_HEAD.size <= len(data):
        opcode, length = RECORD_HEAD.unpack_from(data, position)
        position += RECORD_HEAD.size
        if length > len(data) - position:
            return
        yield opcode, data[position : position + length]
        position += length


def _chunk_place(content: memoryview) -> ChunkPlace:
    first, last, offset, length = struct.unpack_from("<QQQQ", content)
    (size,) = struct.unpack_from("<I", content, 32)
    offsets = dict(struct.iter_unpack("<HQ", content[36 : 36 + size]))
    index_length, _, _, records_size = struct.unpack_from("<QIQQ", content, 36 + size)
    return ChunkPlace((first, last), offset, length, offsets, index_length, records_size)


def _schema(content: memoryview) -> Schema:
    (id_,) = struct.unpack_from("<H", content)
    name, at = _text(content, 2)
    _, at = _text(content, at)
    definition, _ = _text(content, at)
    return Schema(id_, name, definition)


def _channel(content: memoryview) -> Channel:
    id_, schema_id = struct.unpack_from("<HH", content)
    topic, at = _text(content, 4)
    _, at = _text(content, at)
    return Channel(id_, schema_id, topic, _text_map(content, at))


def properties(path: Path) -> dict[str, str]:
    """Return what the writer was told about a file of our own writing; empty for any other file.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        start = memoryview(file.read(_LONGEST_START))
    if bytes(start[: len(SIGNATURE)]) != SIGNATURE:
        return {}
    opcode, content = next(_records(start, len(SIGNATURE)), (None, start[:0]))
    if opcode != Opcode.METADATA:
        return {}
    _, at = _text(content, 0)
    return _text_map(content, at)


def _text_map(content: memoryview, at: int) -> dict[str, str]:
    (length,) = struct.unpack_from("<I", content, at)
    at += 4
    end = at + length
    result = {}
    while at < end:
        key, at = _text(content, at)
        result[key], at = _text(content, at)
    return result


def _text(content: memoryview, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + length
    return bytes(content[at + 4 : end]).decode(), end
