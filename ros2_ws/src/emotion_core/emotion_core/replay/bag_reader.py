"""Reading bags: folders or single files, of this project or of any other ROS 2 program."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.rosbag2.reader import DirectoryReader

from emotion_core.replay.bag_metadata import METADATA_FILE, BagError
from emotion_core.replay.bag_recovery import recover_bag
from emotion_core.replay.mcap_file import repair
from emotion_core.replay.mcap_scan import McapError, properties, written_by_us


@dataclass(frozen=True, slots=True)
class BagMessage:
    """One message of a bag.

    Attributes:
        topic: name with a leading slash.
        type_name: such as ``sensor_msgs/msg/Image``.
        time: when it was received, ns.
        data: in CDR.
    """

    topic: str
    type_name: str
    time: int
    data: bytes


class BagReader:
    """An open bag; what a killed recorder left torn is made whole first.

    Args:
        path: of the bag's folder or of one of its files.

    Attributes:
        path: as given.
        topics: type by topic.
        counts: number of messages by topic.
        start: log time of the first message, ns; 0 for an empty bag.
        end: log time of the last message, ns; 0 for an empty bag.
        properties: what was noted with the recording, such as consent.

    Raises:
        BagError: if there is no readable bag; the message says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise BagError(f"no bag at {path}")
        try:
            self.properties: Mapping[str, str] = {}
            if path.is_dir():
                recover_bag(path)
                self._reader = Reader(_storage(path))
            else:
                if path.suffix == ".mcap" and written_by_us(path):
                    repair(path)
                    self.properties = properties(path)
                self._reader = Reader(path)
            self._reader.open()
        except (ReaderError, McapError, OSError, AssertionError) as error:
            raise BagError(f"cannot read bag {path}: {error}") from error
        self.topics = {c.topic: c.msgtype for c in self._reader.connections}
        self.counts: dict[str, int] = {}
        for connection in self._reader.connections:
            counted = self.counts.get(connection.topic, 0)
            self.counts[connection.topic] = counted + connection.msgcount
        filled = self._reader.message_count > 0
        self.start = self._reader.start_time if filled else 0
        self.end = self._reader.end_time - 1 if filled else 0
        if not self.properties:
            self.properties = dict(self._reader.storage.metadata.custom or {})

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def duration(self) -> float:
        """From the first to the last message, s."""
        return (self.end - self.start) * 1e-9

    def close(self) -> None:
        """Release the files; safe to call twice."""
        if self._reader.is_open:
            self._reader.close()

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Yield the messages in the order in which they were received.

        Args:
            topics: only these; None for all.

        Raises:
            BagError: if the bag turns out to be damaged.
        """
        wanted = [c for c in self._connections() if topics is None or c.topic in topics]
        if not wanted:
            return
        try:
            for connection, time, data in self._reader.messages(wanted):
                yield BagMessage(connection.topic, connection.msgtype, time, bytes(data))
        except (ReaderError, OSError) as error:
            raise BagError(f"bag {self.path} is damaged: {error}") from error

    def _connections(self) -> list[Connection]:
        """Return the topics as metadata.yaml and as each file describes them.

        rosbags passes over the topics of a file whose quality of service is not one of those given.
        """
        storage = self._reader.storage
        files = storage.storages if isinstance(storage, DirectoryReader) else []
        return [*self._reader.connections, *(c for file in files for c in file.connections)]


def _storage(path: Path) -> Path:
    """Return what to open for a folder: itself, or its only file when metadata.yaml is missing."""
    if (path / METADATA_FILE).is_file():
        return path
    files = sorted(path.glob("*.mcap"))
    if len(files) != 1:
        raise McapError(
            f"it has no {METADATA_FILE} and {len(files)} MCAP files; "
            "`ros2 bag reindex` may help if another program wrote it"
        )
    return files[0]
