"""Writing a bag: a folder of MCAP files and metadata.yaml, as ROS 2 reads it.

What has been flushed is readable at any time, also after the writer was killed. A full disk stops
the growth of the bag, not the program: what comes meanwhile waits in memory, up to a limit.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from emotion_core.replay.bag_metadata import (
    BagError,
    FileEntry,
    Topic,
    noted_properties,
    topics_by_name,
    write_metadata,
)
from emotion_core.replay.bag_recovery import file_index, recover_bag
from emotion_core.replay.mcap_file import McapFile

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class BagOptions:
    """How a bag is written.

    Attributes:
        file_size: a file that has grown to this is followed by the next one, bytes.
        size_limit: of the whole bag, bytes; 0 for none.
        drop_oldest: at the limit the oldest file goes; otherwise the recording ends.
        minimum_free: the bag stops growing when the disk has less space left, bytes.
        memory_limit: of what waits for space on the disk, bytes; what comes then is lost.
        chunk_size: what waits for a flush is written at once when it has grown to this, bytes.
        properties: kept in the bag's metadata and in every file, such as consent.

    Raises:
        ValueError: if a value is out of range.
    """

    file_size: int = 512 * _MEBIBYTE
    size_limit: int = 0
    drop_oldest: bool = False
    minimum_free: int = 256 * _MEBIBYTE
    memory_limit: int = 64 * _MEBIBYTE
    chunk_size: int = 4 * _MEBIBYTE
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("file_size", "memory_limit", "chunk_size"):
            if getattr(self, name) <= 0:
                raise ValueError(f"bag: {name} must be > 0, got {getattr(self, name)}")
        for name in ("size_limit", "minimum_free"):
            if getattr(self, name) < 0:
                raise ValueError(f"bag: {name} must be >= 0, got {getattr(self, name)}")


class BagWriter:
    """A bag being written. Not thread-safe.

    Args:
        path: folder of the bag; a new one is accessible to its owner alone.
        options: how it is written.
        resume: go on with the bag that is there, if any, in a new file.

    Attributes:
        written: messages in the bag, without those of a bag that was resumed.
        dropped: messages lost because the disk was full for too long.
        trouble: why nothing can be written at present; empty when all is well.
        ended: whether the size limit has ended the recording.

    Raises:
        BagError: if something is there that must not be written to.
        OSError: if the folder cannot be written.
    """

    def __init__(
        self, path: Path, options: BagOptions | None = None, *, resume: bool = False
    ) -> None:
        self.path = path
        self.written = 0
        self.dropped = 0
        self.trouble = ""
        self.ended = False
        self._options = options or BagOptions()
        self._properties = dict(self._options.properties)
        self._topics: dict[str, Topic] = {}
        self._channels: dict[str, int] = {}
        self._closed: list[FileEntry] = []
        self._earlier: dict[str, Topic] = {}
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            if not resume:
                raise BagError(f"{path} exists already, and recordings are not overwritten")
            self._closed = list(recover_bag(path))
            self._earlier = topics_by_name(self._closed)
            self._properties = {**noted_properties(path), **self._properties}
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        used = [file_index(existing.name) for existing in path.glob("*.mcap")]
        self._next_index = 1 + max((index for index in used if index is not None), default=-1)
        self._file = self._new_file()
        self._write_metadata()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Of the bag's files, bytes."""
        closed = 0
        for entry in self._closed:
            with suppress(OSError):
                closed += (self.path / entry.name).stat().st_size
        return closed + self._file.size

    def set_property(self, key: str, value: str) -> None:
        """Note something with the recording that was not known at its start."""
        self._properties[key] = value

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic; one that is known already stays as it is.

        In a bag that goes on it keeps the quality of service of the first file that holds it:
        metadata.yaml has room for one, and rosbags reads no file whose own differs from it.
        """
        if topic.name in self._topics:
            return
        earlier = self._earlier.get(topic.name)
        self._topics[topic.name] = replace(topic, qos=earlier.qos) if earlier else topic

    def write(self, topic: str, log_time: int, publish_time: int, data: bytes | memoryview) -> None:
        """Take a message of a topic that has been announced; the next flush writes it.

        Args:
            topic: name.
            log_time: when it was received, ns.
            publish_time: when it was sent, ns.
            data: in CDR.

        Raises:
            KeyError: if the topic is unknown.
        """
        announced = self._topics[topic]
        if self.ended:
            return
        if self._file.pending_size + len(data) > self._options.memory_limit:
            self.dropped += 1
            return
        if topic not in self._channels:
            self._channels[topic] = self._file.add_channel(
                topic,
                announced.type_name,
                announced.definition,
                announced.channel_metadata(),
            )
        self._file.add_message(self._channels[topic], max(log_time, 0), max(publish_time, 0), data)
        if self._file.pending_size >= self._options.chunk_size and not self.trouble:
            self.flush()

    def flush(self) -> None:
        """Write what waits. When that is not possible, ``trouble`` says why; it may be repeated."""
        messages = self._file.pending_messages
        if self.ended or not messages or not self._make_room():
            return
        try:
            self._require_space()
            self._file.flush()
            self.written += messages
            self._write_metadata()
            if self._file.size >= self._options.file_size:
                self._split()
        except OSError as error:
            self.trouble = error.strerror or str(error)
        else:
            self.trouble = ""

    def close(self) -> None:
        """Flush and close; safe to call twice."""
        self.flush()
        if self._file.pending_messages:
            self.dropped += self._file.discard_pending()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._write_metadata()

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free - self._file.growth < self._options.minimum_free:
            raise OSError(
                0,
                f"disk full: {free // _MEBIBYTE} MiB left, "
                f"of which {self._options.minimum_free // _MEBIBYTE} MiB stay free",
            )

    def _make_room(self) -> bool:
        """Keep to the size limit; return whether there is room for what waits."""
        limit = self._options.size_limit
        while limit and self.size + self._file.growth > limit:
            if not (self._options.drop_oldest and self._closed):
                self.ended = True
                self.trouble = f"size limit of {limit // _MEBIBYTE} MiB reached, recording ended"
                self._file.discard_pending()
                return False
            oldest = self._closed.pop(0)
            with suppress(OSError):
                # First, so that metadata.yaml never names a file that is gone.
                self._write_metadata()
                (self.path / oldest.name).unlink()
        return True

    def _split(self) -> None:
        successor = self._new_file()
        self._file.close()
        self._closed.append(self._entry())
        self._file = successor
        self._channels = {}

    def _new_file(self) -> McapFile:
        path = self.path / f"{self.path.name}_{self._next_index}.mcap"
        file = McapFile(path, self._properties)
        self._next_index += 1
        return file

    def _entry(self) -> FileEntry:
        return FileEntry.of(self._file.path.name, self._file.summary)

    def _write_metadata(self) -> None:
        write_metadata(self.path, [*self._closed, self._entry()], self._properties)
