import errno
import os
from collections import namedtuple
from dataclasses import replace

import pytest
import yaml
from rosbags.highlevel import AnyReader
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

from emotion_core.replay import bag_writer
from emotion_core.replay.bag_metadata import BagError, Topic
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.bag_writer import BagOptions, BagWriter
from emotion_core.replay.message_types import MessageTypes

pytestmark = pytest.mark.unit

QOS = Qos(
    QosHistory.KEEP_LAST,
    20,
    QosReliability.RELIABLE,
    QosDurability.VOLATILE,
    QosTime(9223372036, 854775807),
    QosTime(0, 0),
    QosLiveliness.AUTOMATIC,
    QosTime(0, 0),
    avoid_ros_namespace_conventions=False,
)
TYPES = MessageTypes()
NUMBER, WORD = (
    Topic(name, type_name, TYPES.definition(type_name), TYPES.hash(type_name), [QOS])
    for name, type_name in (("/number", "std_msgs/msg/UInt64"), ("/word", "std_msgs/msg/String"))
)
FREE = {"minimum_free": 0}
SECOND = 1_000_000_000
Usage = namedtuple("Usage", "total used free")


def number(value):
    return b"\0\1\0\0" + value.to_bytes(8, "little")


def write(bag, values, topic=NUMBER):
    bag.add_topic(topic)
    for value in values:
        bag.write(topic.name, value * SECOND, value * SECOND, number(value))


def read(path):
    with BagReader(path) as bag:
        return [int.from_bytes(m.data[4:12], "little") for m in bag.messages()]


def kill(bag):
    """Do to a writer what the end of its process does."""
    os.close(bag._file._descriptor)
    bag._file._descriptor = -1


def test_a_bag_opens_in_rosbags_with_its_types(tmp_path):
    with BagWriter(tmp_path / "bag", BagOptions(**FREE)) as bag:
        write(bag, [3, 4])
    with AnyReader([tmp_path / "bag"]) as reader:
        values = [
            reader.deserialize(data, connection.msgtype).data
            for connection, _, data in reader.messages()
        ]
        assert values == [3, 4]
        assert reader.connections[0].ext.offered_qos_profiles == [QOS]
        assert reader.connections[0].digest == NUMBER.type_hash


def test_the_metadata_tells_what_ros2_bag_asks_for(tmp_path):
    options = BagOptions(**FREE, properties={"consent": "given"})
    with BagWriter(tmp_path / "bag", options) as bag:
        write(bag, [3, 4, 5])
        write(bag, [6], WORD)
    text = (tmp_path / "bag" / "metadata.yaml").read_text()
    information = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert information["version"] == 9
    assert information["storage_identifier"] == "mcap"
    assert information["relative_file_paths"] == ["bag_0.mcap"]
    assert information["message_count"] == 4
    assert information["starting_time"]["nanoseconds_since_epoch"] == 3 * SECOND
    assert information["duration"]["nanoseconds"] == 3 * SECOND
    assert information["custom_data"] == {"consent": "given"}
    counts = {
        topic["topic_metadata"]["name"]: topic["message_count"]
        for topic in information["topics_with_message_count"]
    }
    assert counts == {"/number": 3, "/word": 1}


def test_only_the_owner_may_look_at_a_recording(tmp_path):
    with BagWriter(tmp_path / "bag", BagOptions(**FREE)) as bag:
        write(bag, [1])
    assert (tmp_path / "bag").stat().st_mode & 0o077 == 0
    assert (tmp_path / "bag" / "bag_0.mcap").stat().st_mode & 0o077 == 0


def test_a_killed_writer_leaves_everything_that_was_flushed(tmp_path):
    bag = BagWriter(tmp_path / "bag", BagOptions(**FREE))
    write(bag, range(1, 6))
    bag.flush()
    write(bag, range(6, 9))
    # Never closed. The last file is torn too.
    file = tmp_path / "bag" / "bag_0.mcap"
    assert read(file.parent) == [1, 2, 3, 4, 5]
    kill(bag)
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 20)
    (file.parent / "metadata.yaml").unlink()
    assert read(file.parent) == [1, 2, 3, 4, 5]


def test_files_are_split_and_read_as_one_bag(tmp_path):
    with BagWriter(tmp_path / "bag", BagOptions(**FREE, file_size=3000)) as bag:
        for value in range(1, 41):
            write(bag, [value], NUMBER if value % 3 else WORD)
            bag.flush()
    assert len(list((tmp_path / "bag").glob("*.mcap"))) > 3
    assert read(tmp_path / "bag") == list(range(1, 41))
    with BagReader(tmp_path / "bag") as bag:
        assert bag.counts == {"/number": 27, "/word": 13}
        assert bag.duration == 39.0


def test_a_resumed_bag_goes_on_in_a_new_file_and_keeps_its_consent(tmp_path):
    first = BagWriter(tmp_path / "bag", BagOptions(**FREE, properties={"consent": "given"}))
    write(first, [1, 2])
    first.flush()
    kill(first)
    with BagWriter(tmp_path / "bag", BagOptions(**FREE), resume=True) as bag:
        bag.set_property("camera_on_head", "true")
        write(bag, [3])
    assert read(tmp_path / "bag") == [1, 2, 3]
    with BagReader(tmp_path / "bag") as bag:
        assert bag.properties["consent"] == "given"
        assert bag.properties["camera_on_head"] == "true"


def test_a_resumed_bag_keeps_the_quality_of_service_that_its_metadata_tell(tmp_path):
    with BagWriter(tmp_path / "bag", BagOptions(**FREE)) as bag:
        write(bag, range(3))
    with BagWriter(tmp_path / "bag", BagOptions(**FREE), resume=True) as bag:
        write(bag, range(3, 6), replace(NUMBER, qos=[QOS, QOS]))
        write(bag, [6], replace(WORD, qos=[QOS, QOS]))
    with AnyReader([tmp_path / "bag"]) as bag:
        offered = {c.topic: len(c.ext.offered_qos_profiles) for c in bag.connections}
        assert offered == {"/number": 1, "/word": 2}
        assert len(list(bag.messages())) == 7


def test_files_with_another_quality_of_service_than_the_first_are_read(tmp_path):
    for name, qos in (("bag", [QOS]), ("other", [])):
        with BagWriter(tmp_path / name, BagOptions(**FREE)) as bag:
            write(bag, range(3), replace(NUMBER, qos=qos))
    (tmp_path / "other" / "other_0.mcap").rename(tmp_path / "bag" / "bag_1.mcap")
    assert read(tmp_path / "bag") == [0, 1, 2, 0, 1, 2]


def test_a_recording_is_not_overwritten(tmp_path):
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "note.txt").write_text("mine")
    with pytest.raises(BagError, match="not overwritten"):
        BagWriter(tmp_path / "bag", BagOptions(**FREE))


def test_at_the_size_limit_the_recording_ends(tmp_path):
    options = BagOptions(**FREE, size_limit=20_000, file_size=5_000)
    with BagWriter(tmp_path / "bag", options) as bag:
        for value in range(1, 1000):
            write(bag, [value])
            bag.flush()
        assert bag.ended
        assert "size limit" in bag.trouble
        assert bag.size <= 20_000
    kept = read(tmp_path / "bag")
    assert kept == list(range(1, len(kept) + 1))


def test_or_the_oldest_file_goes(tmp_path):
    options = BagOptions(**FREE, size_limit=20_000, file_size=5_000, drop_oldest=True)
    with BagWriter(tmp_path / "bag", options) as bag:
        for value in range(1, 1000):
            write(bag, [value])
            bag.flush()
            assert bag.size <= 20_000
        assert not bag.ended
    kept = read(tmp_path / "bag")
    assert kept == list(range(1000 - len(kept), 1000))
    assert len(kept) > 20


def test_a_full_disk_holds_messages_back_until_there_is_room(tmp_path, monkeypatch):
    bag = BagWriter(tmp_path / "bag", BagOptions(minimum_free=1 << 20))
    write(bag, [1])
    bag.flush()
    monkeypatch.setattr(bag_writer.shutil, "disk_usage", lambda _path: Usage(0, 0, 0))
    write(bag, [2, 3])
    bag.flush()
    assert "disk full" in bag.trouble
    assert read(tmp_path / "bag") == [1]
    monkeypatch.undo()
    bag.flush()
    assert bag.trouble == ""
    bag.close()
    assert read(tmp_path / "bag") == [1, 2, 3]
    assert bag.dropped == 0


def test_what_does_not_fit_in_memory_meanwhile_is_counted(tmp_path, monkeypatch):
    bag = BagWriter(tmp_path / "bag", BagOptions(minimum_free=1, memory_limit=1000))
    monkeypatch.setattr(bag_writer.shutil, "disk_usage", lambda _path: Usage(0, 0, 0))
    write(bag, range(1, 101))
    held = 100 - bag.dropped
    assert 0 < held < 100
    monkeypatch.undo()
    bag.close()
    assert read(tmp_path / "bag") == list(range(1, held + 1))


def test_an_error_of_the_disk_is_reported_and_the_bag_stays_readable(tmp_path, monkeypatch):
    bag = BagWriter(tmp_path / "bag", BagOptions(**FREE))
    write(bag, [1])
    bag.flush()

    def broken(*_arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("emotion_core.replay.mcap_file.os.ftruncate", broken)
    write(bag, [2])
    with pytest.raises(OSError, match="Input/output"):
        # The disk fails even for the way back; nothing of that may stay hidden.
        bag._file.flush()
    bag.flush()
    assert bag.trouble == "Input/output error"
    monkeypatch.undo()
    bag.flush()
    bag.close()
    assert read(tmp_path / "bag") == [1, 2]


@pytest.mark.parametrize("name", ["file_size", "memory_limit", "chunk_size"])
def test_absurd_options_are_refused(name):
    with pytest.raises(ValueError, match=name):
        BagOptions(**{name: 0})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _path: None, "no bag at"),
        (lambda path: path.mkdir(), "metadata.yaml"),
        (lambda path: path.write_text("hello"), "cannot read"),
        (lambda path: (path.mkdir(), (path / "metadata.yaml").write_text("a: 1")), "cannot read"),
        (lambda path: (path.mkdir(), (path / "a.mcap").write_bytes(b"")), "cannot read"),
    ],
)
def test_what_is_no_bag_is_named(tmp_path, make, message):
    make(tmp_path / "bag")
    with pytest.raises(BagError, match=message):
        BagReader(tmp_path / "bag")
