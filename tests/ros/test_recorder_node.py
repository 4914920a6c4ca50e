import array

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import HeadCommand
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String

from emotion_bot import images, qos, stamps, topics
from emotion_bot.nodes.recorder import RecorderNode
from emotion_bot.replay.compression import decompressed
from emotion_bot.runner import ConfigurationError
from emotion_core.replay.bag_reader import BagReader

pytestmark = pytest.mark.ros


def frame(number):
    rows, columns = np.mgrid[0:48, 0:64]
    picture = np.dstack([rows * 4, columns * 3, np.full_like(rows, number)]).astype(np.uint8)
    return images.image_message(picture, Header(stamp=stamps.stamp_from_nanoseconds(number)))


def pixels(message):
    return decompressed(message).astype(int)


def parametrize(**values):
    return pytest.mark.parametrize("bench", [values], indirect=True)


@pytest.fixture
def record(bench, tmp_path, monkeypatch):
    """Start a recorder and return it; its bag is `record.bag`."""

    def start():
        monkeypatch.chdir(tmp_path)
        return bench.add(RecorderNode())

    start.bag = tmp_path / "bag"
    return start


def read(path, topic, message_type):
    with BagReader(path) as bag:
        return [deserialize_message(m.data, message_type) for m in bag.messages([topic])]


@parametrize(directory="bag", consent=True)
def test_frames_are_recorded_as_jpeg_and_everything_else_as_it_is(bench, record):
    recorder = record()
    camera = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    head = bench.publisher(HeadCommand, topics.HEAD_COMMAND, qos.STREAM)
    commands = [HeadCommand(pan=0.01 * number) for number in range(20)]
    for number, command in enumerate(commands):
        camera.publish(frame(number))
        head.publish(command)
    bench.wait_until(lambda: recorder.recording.status.written >= 40, "40 messages in the bag")
    recorder.close()
    assert read(record.bag, "/head/command", HeadCommand) == commands
    recorded = read(record.bag, "/image_raw/compressed", CompressedImage)
    assert [stamps.nanoseconds_from_stamp(m.header.stamp) for m in recorded] == list(range(20))
    original = images.bgr_from_image(frame(7)).astype(int)
    assert np.abs(pixels(recorded[7]) - original).mean() < 4
    with BagReader(record.bag) as bag:
        assert bag.properties["consent"] == "given"
        assert "/image_raw" not in bag.topics


@parametrize(directory="bag", consent=True, images="raw", topics="image_raw")
def test_raw_frames_are_recorded_as_they_are(bench, record):
    recorder = record()
    camera = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    camera.publish(frame(3))
    bench.wait_until(lambda: recorder.recording.status.written >= 1, "the frame")
    recorder.close()
    assert read(record.bag, "/image_raw", Image) == [frame(3)]


@parametrize(directory="bag", consent=True, topics="image_raw")
def test_a_camera_that_offers_best_effort_alone_is_recorded(bench, record):
    recorder = record()
    camera = bench.node.create_publisher(Image, topics.IMAGE, qos_profile_sensor_data)

    def recorded():
        camera.publish(frame(1))
        return recorder.recording.status.written > 0

    bench.wait_until(recorded, "a frame in the bag")


@parametrize(directory="bag")
def test_without_consent_nobody_is_recorded(bench, record):
    with pytest.raises(ConfigurationError, match=r"/image_raw, .*, /audio, .* needs the consent"):
        record()
    assert not record.bag.exists()


@parametrize(directory="bag", topics="all", consent=False)
def test_nor_by_recording_everything(bench, record):
    with pytest.raises(ConfigurationError, match="consent"):
        record()


@parametrize(directory="bag", topics="head/command,other/camera,chatter")
def test_topics_that_turn_out_to_show_people_are_left_out_and_named(bench, record):
    recorder = record()
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.node.create_publisher(CompressedImage, "other/camera", 10)
    chatter = bench.publisher(String, "chatter", 10)
    chatter.publish(String(data="hello"))
    diagnostics.wait_for(
        lambda messages: any(
            value.key == "not_recorded" and value.value == "/other/camera"
            for message in messages
            for status in message.status
            for value in status.values
        )
    )
    bench.wait_until(lambda: recorder.recording.status.written >= 1, "the words")
    recorder.close()
    assert read(record.bag, "/chatter", String) == [String(data="hello")]
    with BagReader(record.bag) as bag:
        assert "/other/camera" not in bag.topics
        assert "consent" not in bag.properties


@parametrize(directory="bag", consent=True, topics="image_raw")
def test_a_frame_that_cannot_be_read_is_counted_and_does_not_stop_the_rest(bench, record):
    recorder = record()
    camera = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    camera.publish(Image(encoding="bayer_rggb8", width=2, height=2, step=2, data=[0] * 4))
    camera.publish(Image(encoding="bgr8", width=9, height=9, step=27, data=array.array("B")))
    camera.publish(frame(5))
    bench.wait_until(lambda: recorder.recording.status.written >= 1, "the good frame")
    bench.wait_until(lambda: recorder.recording.status.dropped == 2, "the bad ones counted")


@parametrize(directory="bag", consent=True)
def test_a_bag_that_is_there_is_not_overwritten(bench, record):
    record.bag.mkdir()
    (record.bag / "bag_0.mcap").write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match="not overwritten"):
        record()
    assert (record.bag / "bag_0.mcap").read_bytes() == b"mine"


@parametrize(consent=True)
def test_a_recorder_without_a_folder_says_so(bench, record):
    with pytest.raises(ConfigurationError, match=r"recorder\.directory is missing"):
        record()
