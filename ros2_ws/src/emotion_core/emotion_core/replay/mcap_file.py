"""An MCAP file that is complete after every flush, whatever happens next.

MCAP readers want an index at the end of the file. Writers that append it when they are closed leave
an unreadable file behind when they are killed. This one puts it behind every chunk: the next chunk
is written over it, together with the index that then holds, in one call.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from emotion_core.replay.mcap_records import (
    MESSAGE_HEAD,
    Channel,
    ChunkContent,
    Schema,
    Summary,
    file_start,
    place,
)
from emotion_core.replay.mcap_scan import Contents, is_complete, scan

# Bytes of a record beside its entries, rounded up.
_CHUNK_HEAD = 64
_INDEX_HEAD = 16
_CHUNK_INDEX_HEAD = 96
_STATISTICS_ENTRY = 16


class McapFile:
    """A file being written. Not thread-safe.

    Args:
        path: of the file.
        properties: kept in the file, such as the consent of the people in it.
        contents: of the file when it exists and shall go on; None for a new one.

    Raises:
        OSError: if the file cannot be written; a new one is then removed again.
    """

    def __init__(
        self, path: Path, properties: Mapping[str, str], contents: Contents | None = None
    ) -> None:
        self.path = path
        self._pending = ChunkContent()
        self._definitions = 0
        if contents is None:
            start = file_start(properties)
            contents = Contents(Summary([], [], [], {}, start), len(start))
        else:
            start = b""
        self._summary = contents.summary
        self._data_end = contents.data_end + len(contents.missing_indexes)
        self._tail = b""
        flags = os.O_RDWR | os.O_CLOEXEC
        self._descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL if start else flags, 0o600)
        try:
            # Tells readers that a torn end is work in progress and not theirs to repair.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tail = self._summary.encode(self._data_end)
            self._write(start + contents.missing_indexes + tail, contents.data_end - len(start))
            self._tail = tail
        except OSError:
            os.close(self._descriptor)
            if start:
                path.unlink()
            raise

    @classmethod
    def resume(cls, path: Path) -> McapFile:
        """Open a file that `McapFile` wrote, dropping the chunk at whose writing it was torn.

        Raises:
            OSError: if it cannot be read or written, or is being written.
            McapError: if something else wrote it.
        """
        return cls(path, {}, scan(path))

    def __enter__(self) -> McapFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def summary(self) -> Summary:
        """Of what has been flushed."""
        return self._summary

    @property
    def size(self) -> int:
        """Of the file, bytes."""
        return self._data_end + len(self._tail)

    @property
    def growth(self) -> int:
        """By how much the next flush makes the file larger, bytes; never too little."""
        pending = self._pending
        if not pending.records:
            return 0
        indexes = sum(_INDEX_HEAD + 16 * len(entries) for entries in pending.messages.values())
        in_summary = _CHUNK_INDEX_HEAD + 10 * len(pending.messages) + self._definitions
        return _CHUNK_HEAD + len(pending.records) + indexes + in_summary

    @property
    def pending_size(self) -> int:
        """What is not flushed yet, bytes."""
        return len(self._pending.records)

    @property
    def pending_messages(self) -> int:
        """Number of messages that are not flushed yet."""
        return sum(map(len, self._pending.messages.values()))

    def add_channel(
        self, topic: str, type_name: str, definition: str, metadata: Mapping[str, str]
    ) -> int:
        """Return the id of a new topic."""
        schema = next((s for s in self._summary.schemas if s.name == type_name), None)
        schemas = list(self._summary.schemas)
        if schema is None:
            schema = Schema(len(schemas) + 1, type_name, definition)
            schemas.append(schema)
            self._define(schema.encode())
        channel = Channel(len(self._summary.channels) + 1, schema.id, topic, dict(metadata))
        self._define(channel.encode())
        self._summary = Summary(
            schemas,
            [*self._summary.channels, channel],
            self._summary.chunks,
            {**self._summary.counts, channel.id: 0},
            self._summary.start,
        )
        return channel.id

    def add_message(
        self, channel_id: int, log_time: int, publish_time: int, data: bytes | memoryview
    ) -> None:
        """Take a message; it is in the file after the next flush.

        Args:
            channel_id: as `add_channel` gave it.
            log_time: when it was received, ns, >= 0.
            publish_time: when it was sent, ns, >= 0.
            data: in CDR.
        """
        earlier = len(self._pending.messages.get(channel_id, ()))
        sequence = (self._summary.counts[channel_id] + earlier) & 0xFFFFFFFF
        head = MESSAGE_HEAD.pack(channel_id, sequence, log_time, publish_time)
        self._pending.add_message(head, data)

    def flush(self) -> None:
        """Write everything taken so far.

        Raises:
            OSError: if that is not possible, as on a full disk. The file is as complete as before,
                and nothing taken is lost: the next flush tries again.
        """
        if not self._pending.records:
            return
        block, where = place(self._pending, self._data_end)
        counts = dict(self._summary.counts)
        for channel_id, entries in self._pending.messages.items():
            counts[channel_id] += len(entries)
        summary = Summary(
            self._summary.schemas,
            self._summary.channels,
            [*self._summary.chunks, where],
            counts,
            self._summary.start,
        )
        data_end = self._data_end + len(block)
        tail = summary.encode(data_end)
        self._write(block + tail, self._data_end)
        self._summary, self._data_end, self._tail = summary, data_end, tail
        self._pending = ChunkContent()
        self._definitions = 0

    def discard_pending(self) -> int:
        """Give up what is not flushed yet, but for the topics; return the number of messages."""
        lost = self.pending_messages
        # Written whole again: a topic may stand in several chunks.
        self._pending = ChunkContent()
        for schema in self._summary.schemas:
            self._pending.records += schema.encode()
        for channel in self._summary.channels:
            self._pending.records += channel.encode()
        return lost

    def close(self) -> None:
        """Flush and close; safe to call twice.

        Raises:
            OSError: if the flush fails. The file is closed all the same, complete up to there.
        """
        if self._descriptor < 0:
            return
        try:
            self.flush()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _define(self, record: bytes) -> None:
        """Announce a type or topic in the next chunk; the summary repeats it."""
        self._pending.records += record
        self._definitions += len(record) + _STATISTICS_ENTRY

    def _write(self, data: bytes, offset: int) -> None:
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, memoryview(data)[written:], offset + written)
            os.ftruncate(self._descriptor, offset + len(data))
        except OSError:
            if self._tail:
                # The room of the old index is still the file's own: this needs no new space.
                os.pwrite(self._descriptor, self._tail, self._data_end)
                os.ftruncate(self._descriptor, self._data_end + len(self._tail))
            raise


def repair(path: Path) -> bool:
    """Make a file complete again that was torn while `McapFile` wrote it; return whether it was.

    A file that is being written is left alone.

    Raises:
        OSError: if it cannot be read or written.
        McapError: if it is torn and something else wrote it.
    """
    if is_complete(path):
        return False
    try:
        McapFile.resume(path).close()
    except BlockingIOError:
        return False
    return True


def is_being_written(path: Path) -> bool:
    """Return whether a `McapFile` has the file open at present.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
