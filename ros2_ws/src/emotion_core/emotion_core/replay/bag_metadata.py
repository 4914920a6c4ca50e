"""metadata.yaml of a bag: what ROS 2 wants to know before it opens the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from rosbags.interfaces import Qos
from rosbags.rosbag2.metadata import dump_qos_v9, parse_qos

from emotion_core.replay.mcap_records import Summary

METADATA_FILE: Final = "metadata.yaml"

_VERSION = 9
_QOS = "offered_qos_profiles"
_HASH = "topic_type_hash"
_ROOT = "rosbag2_bagfile_information"
_SAFE_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BagError(ValueError):
    """A bag cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a bag must know about a topic.

    Attributes:
        name: with a leading slash.
        type_name: such as ``sensor_msgs/msg/Image``.
        definition: text of the type.
        type_hash: as ROS 2 compares types.
        qos: what its publishers offer.
    """

    name: str
    type_name: str
    definition: str
    type_hash: str
    qos: Sequence[Qos] = ()

    def channel_metadata(self) -> dict[str, str]:
        """Return what a file keeps of it beside name and type."""
        qos = yaml.dump(dump_qos_v9(list(self.qos)), Dumper=_SAFE_DUMPER) if self.qos else ""
        return {_QOS: qos, _HASH: self.type_hash}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What metadata.yaml says about one file.

    Attributes:
        name: of the file in the bag's folder.
        topics: in it.
        counts: messages by topic.
        first: log time of its first message, ns; 0 without any.
        last: log time of its last message, ns; 0 without any.
    """

    name: str
    topics: Sequence[Topic]
    counts: Mapping[str, int]
    first: int
    last: int

    @property
    def count(self) -> int:
        """Number of messages."""
        return sum(self.counts.values())

    @classmethod
    def of(cls, name: str, summary: Summary) -> FileEntry:
        """Return the entry for a file with this summary."""
        schemas = {schema.id: schema for schema in summary.schemas}
        topics = [
            Topic(
                channel.topic,
                schemas[channel.schema_id].name,
                schemas[channel.schema_id].definition,
                channel.metadata.get(_HASH, ""),
                _offered_qos(channel.metadata.get(_QOS, "")),
            )
            for channel in summary.channels
        ]
        counts = {channel.topic: summary.counts[channel.id] for channel in summary.channels}
        return cls(name, topics, counts, *summary.times())


@lru_cache(maxsize=256)
def _offered_qos(text: str) -> Sequence[Qos]:
    """Read profiles; a flush asks for those of all topics, and parsing one takes 5 ms."""
    return tuple(parse_qos(text))


def topics_by_name(files: Sequence[FileEntry]) -> dict[str, Topic]:
    """Return the topics of a bag's files, each as the first file that holds it describes it."""
    topics: dict[str, Topic] = {}
    for file in files:
        for topic in file.topics:
            topics.setdefault(topic.name, topic)
    return topics


def write_metadata(path: Path, files: Sequence[FileEntry], properties: Mapping[str, str]) -> None:
    """Write metadata.yaml of a bag in one step.

    Args:
        path: folder of the bag.
        files: in the order of time.
        properties: become ``custom_data``.

    Raises:
        OSError: if that is not possible; the old one stays.
    """
    text = yaml.dump({_ROOT: _contents(files, properties)}, Dumper=_SAFE_DUMPER, sort_keys=False)
    temporary = path / f".{METADATA_FILE}"
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path / METADATA_FILE)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def read_metadata(path: Path) -> Mapping[str, Any]:
    """Return what metadata.yaml of a bag says; empty when there is none.

    Raises:
        BagError: if it is no metadata of a bag.
        OSError: if it cannot be read.
    """
    file = path / METADATA_FILE
    if not file.exists():
        return {}
    try:
        contents = yaml.load(file.read_text(encoding="utf-8"), Loader=_SAFE_LOADER)  # noqa: S506
        information = contents[_ROOT]
        information["relative_file_paths"]
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise BagError(f"{file} is no metadata of a bag: {error}") from error
    return dict(information)


def noted_properties(path: Path) -> dict[str, str]:
    """Return what was noted with a bag; empty when it has no metadata.yaml.

    Raises:
        BagError: if metadata.yaml is no metadata of a bag.
        OSError: if it cannot be read.
    """
    return dict(read_metadata(path).get("custom_data") or {})


def listed_files(metadata: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that metadata.yaml lists."""
    return [Path(str(name)).name for name in metadata.get("relative_file_paths", ())]


def _contents(files: Sequence[FileEntry], properties: Mapping[str, str]) -> dict[str, Any]:
    topics = topics_by_name(files)
    counts = {name: sum(file.counts.get(name, 0) for file in files) for name in topics}
    filled = [file for file in files if file.count]
    first = min((file.first for file in filled), default=0)
    last = max((file.last for file in filled), default=0)
    return {
        "version": _VERSION,
        "storage_identifier": "mcap",
        "duration": {"nanoseconds": last - first},
        "starting_time": {"nanoseconds_since_epoch": first},
        "message_count": sum(counts.values()),
        "topics_with_message_count": [
            {
                "topic_metadata": {
                    "name": topic.name,
                    "type": topic.type_name,
                    "serialization_format": "cdr",
                    "offered_qos_profiles": dump_qos_v9(list(topic.qos)),
                    "type_description_hash": topic.type_hash,
                },
                "message_count": counts[topic.name],
            }
            for topic in topics.values()
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file.name for file in files],
        "files": [
            {
                "path": file.name,
                "starting_time": {"nanoseconds_since_epoch": file.first},
                "duration": {"nanoseconds": file.last - file.first},
                "message_count": file.count,
            }
            for file in files
        ],
        "custom_data": dict(properties),
        "ros_distro": "jazzy",
    }
