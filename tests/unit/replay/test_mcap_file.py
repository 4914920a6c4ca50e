import contextlib
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import Reader

from emotion_core.replay.mcap_file import McapFile, is_being_written, repair
from emotion_core.replay.mcap_records import SIGNATURE
from emotion_core.replay.mcap_scan import McapError, is_complete, properties, read_summary, scan

pytestmark = pytest.mark.unit

TYPE = ("std_msgs/msg/String", "string data\n")


def add(file, channel, numbers):
    for number in numbers:
        file.add_message(channel, number, number, number.to_bytes(40, "little"))


def numbers_in(path):
    with Reader(path) as reader:
        return [int.from_bytes(data, "little") for _, _, data in reader.messages()]


@contextlib.contextmanager
def largest_file(size):
    """Let the system refuse to write beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """The bytes of one file after each of its flushes, and how many messages each has."""
    path = tmp_path_factory.mktemp("states") / "file.mcap"
    found = []
    with McapFile(path, {"consent": "given"}) as file:
        first = file.add_channel("/a", *TYPE, {})
        for start in range(0, 40, 8):
            if start == 16:
                second = file.add_channel("/b", "std_msgs/msg/Int8", "int8 data\n", {})
                add(file, second, [start])
            add(file, first, range(start + (start == 16), start + 8))
            file.flush()
            found.append((path.read_bytes(), start + 8))
    return found


def test_a_file_is_readable_after_every_flush_without_being_closed(tmp_path):
    path = tmp_path / "file.mcap"
    file = McapFile(path, {})
    assert numbers_in(path) == []
    channel = file.add_channel("/a", *TYPE, {})
    for start in (0, 5, 10):
        add(file, channel, range(start, start + 5))
        assert numbers_in(path) == list(range(start))
        file.flush()
        assert is_complete(path)
        assert numbers_in(path) == list(range(start + 5))
    file.close()
    file.close()


def test_what_is_not_flushed_is_written_on_close(tmp_path):
    path = tmp_path / "file.mcap"
    with McapFile(path, {}) as file:
        add(file, file.add_channel("/a", *TYPE, {}), range(3))
        assert file.pending_messages == 3
    assert numbers_in(path) == [0, 1, 2]


def test_topics_types_and_properties_are_kept(tmp_path):
    path = tmp_path / "file.mcap"
    with McapFile(path, {"consent": "given", "source": "scene"}) as file:
        for topic in ("/a", "/b"):
            add(file, file.add_channel(topic, *TYPE, {"topic_type_hash": "RIHS01_0"}), [1])
    with Reader(path) as reader:
        assert {(c.topic, c.msgtype, c.msgcount) for c in reader.connections} == {
            ("/a", TYPE[0], 1),
            ("/b", TYPE[0], 1),
        }
        assert reader.connections[0].msgdef.data == TYPE[1]
    assert properties(path) == {"consent": "given", "source": "scene"}
    summary = read_summary(path)
    assert len(summary.schemas) == 1
    assert summary.channels[0].metadata == {"topic_type_hash": "RIHS01_0"}
    assert scan(path).summary == summary


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_file_cut_off_anywhere_keeps_every_whole_chunk(tmp_path, states, data):
    whole, count = states[-1]
    start = scan_start(whole)
    length = data.draw(st.integers(start, len(whole) - 1))
    path = tmp_path / "cut.mcap"
    path.write_bytes(whole[:length])
    assert not is_complete(path)
    assert repair(path)
    assert is_complete(path)
    assert not repair(path)
    kept = sum(chunk_end <= length for chunk_end, _ in chunk_ends(tmp_path, whole))
    assert numbers_in(path) == list(range(8 * kept))
    assert len(numbers_in(path)) <= count


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_flush_that_was_killed_in_the_middle_loses_nothing_flushed_before(tmp_path, states, data):
    index = data.draw(st.integers(0, len(states) - 2))
    (before, flushed), (after, _) = states[index : index + 2]
    first = next(i for i, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1)
    written = data.draw(st.integers(first, len(after)))
    path = tmp_path / "killed.mcap"
    # The new bytes have come so far; behind them still stands what was there before.
    path.write_bytes(after[:written] + before[written:])
    repair(path)
    assert is_complete(path)
    assert numbers_in(path)[:flushed] == list(range(flushed))


def scan_start(whole):
    return whole.index(b"\x06", len(SIGNATURE) + 9 + whole[len(SIGNATURE) + 1])


def chunk_ends(tmp_path, whole):
    path = tmp_path / "whole.mcap"
    path.write_bytes(whole)
    return [(place.offset + place.length, place) for place in read_summary(path).chunks]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_byte_never_yields_a_wrong_message(tmp_path, states, data):
    whole, count = states[-1]
    position = data.draw(st.integers(len(SIGNATURE), len(whole) - 1))
    damaged = bytearray(whole)
    damaged[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.mcap"
    path.write_bytes(damaged)
    try:
        found = scan(path).summary
    except McapError:
        return
    assert sum(found.counts.values()) <= count


def test_a_full_disk_leaves_the_file_readable_and_loses_nothing(tmp_path):
    path = tmp_path / "file.mcap"
    with McapFile(path, {}) as file:
        channel = file.add_channel("/a", *TYPE, {})
        add(file, channel, range(10))
        file.flush()
        with largest_file(path.stat().st_size + 100):
            add(file, channel, range(10, 100))
            for _ in range(3):
                with pytest.raises(OSError, match="File too large"):
                    file.flush()
                assert is_complete(path)
                assert numbers_in(path) == list(range(10))
        file.flush()
        assert numbers_in(path) == list(range(100))


def test_giving_up_what_waits_keeps_the_topics(tmp_path):
    path = tmp_path / "file.mcap"
    with McapFile(path, {}) as file:
        channel = file.add_channel("/a", *TYPE, {})
        add(file, channel, range(4))
        assert file.discard_pending() == 4
        add(file, channel, [7])
    assert numbers_in(path) == [7]


def test_a_file_that_is_being_written_is_not_repaired(tmp_path):
    path = tmp_path / "file.mcap"
    with McapFile(path, {}) as file:
        add(file, file.add_channel("/a", *TYPE, {}), range(4))
        file.flush()
        assert is_being_written(path)
        with path.open("r+b") as torn:
            torn.truncate(path.stat().st_size - 10)
        assert not repair(path)
    assert not is_being_written(path)
    assert repair(path)


def test_a_new_file_does_not_replace_another(tmp_path):
    path = tmp_path / "file.mcap"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        McapFile(path, {})
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"something else altogether", "not of our own writing"),
        (
            b"\x89MCAP0\r\n\x01\x0e\0\0\0\0\0\0\0\x04\0\0\0ros2\x02\0\0\0xx",
            "not of our own writing",
        ),
        (SIGNATURE + b"\x0c", "beginning is torn"),
    ],
)
def test_what_cannot_be_repaired_says_why(tmp_path, content, message):
    path = tmp_path / "file.mcap"
    Path(path).write_bytes(content)
    with pytest.raises(McapError, match=message):
        repair(path)
