import dataclasses
import threading
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Faces
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, Image

from emotion_bot import capture_health, capture_node, images, qos, runner, stamps, topics
from emotion_bot.nodes import camera
from emotion_bot.nodes.camera import CameraNode

pytestmark = pytest.mark.ros

FRAMES = 60
FPS = 50


@pytest.fixture
def numbered_video(tmp_path):
    """A short video whose frames carry their number as brightness."""
    path = tmp_path / "numbers.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), FPS, (320, 240))
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(np.full((240, 320, 3), 4 * number, np.uint8))
    writer.release()
    return path


def start(bench):
    node = bench.add(CameraNode())
    node.autostart()
    return node


def overriding(monkeypatch, **values):
    """Give the node other defaults, for values that only exist when the test runs."""
    monkeypatch.setattr(
        camera,
        "PARAMETERS",
        tuple(
            dataclasses.replace(p, default=values.get(p.name, p.default)) for p in camera.PARAMETERS
        ),
    )


@pytest.mark.parametrize("pace", ["real_time", "as_consumed"])
def test_every_frame_of_a_file_arrives_in_order_with_its_time(
    bench, monkeypatch, numbered_video, pace
):
    overriding(monkeypatch, source=f"video:{numbered_video}", pace=pace)
    pictures = bench.listen(Image, topics.IMAGE, qos.STREAM)
    infos = bench.listen(CameraInfo, topics.CAMERA_INFO)
    answers = bench.node.create_publisher(Faces, topics.FACES, qos.STREAM)
    bench.node.create_subscription(
        Image, topics.IMAGE, lambda image: answers.publish(Faces(header=image.header)), qos.STREAM
    )
    start(bench)
    messages = pictures.wait_for_count(FRAMES)
    brightness = [images.array_from_image(message).mean() for message in messages]
    assert np.allclose(brightness, 4 * np.arange(FRAMES), atol=1.5)
    times = np.array([stamps.seconds_from_stamp(m.header.stamp) for m in messages])
    np.testing.assert_allclose(np.diff(times), 1 / FPS, atol=1e-3)
    assert [m.header.stamp for m in infos.wait_for_count(FRAMES)] == [
        m.header.stamp for m in messages
    ]


def test_the_end_of_a_file_is_reported(bench, monkeypatch, numbered_video):
    overriding(monkeypatch, source=f"video:{numbered_video}")
    bench.listen(Image, topics.IMAGE, qos.STREAM)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    start(bench)
    diagnostics.wait_for(
        lambda seen: any(
            value.key == capture_health.STATE and value.value == capture_health.ENDED
            for message in seen
            for value in message.status[0].values
        )
    )


@pytest.mark.parametrize("bench", [{"source": "scene:still"}], indirect=True)
def test_the_scene_comes_with_the_intrinsics_it_was_drawn_with(bench):
    infos = bench.listen(CameraInfo, topics.CAMERA_INFO)
    bench.listen(Image, topics.IMAGE, qos.STREAM)
    start(bench)
    info = infos.wait_for_count(1)[0]
    assert (info.width, info.height) == (640, 480)
    assert info.k[0] == pytest.approx(320 / np.tan(np.radians(75) / 2))


@pytest.mark.parametrize("bench", [{"source": "webcam:97"}], indirect=True)
def test_an_absent_camera_is_an_error_in_diagnostics_and_is_tried_again(bench):
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.listen(Image, topics.IMAGE, qos.STREAM)
    start(bench)
    errors = diagnostics.wait_for(
        lambda seen: [
            status
            for message in seen
            for status in message.status
            if status.level == DiagnosticStatus.ERROR
        ]
    )
    assert "/dev/video97" in errors[0].message
    diagnostics.wait_for(
        lambda seen: any(
            value.key == capture_health.FAILURES and int(value.value) >= 2
            for message in seen
            for value in message.status[0].values
        )
    )


def test_deactivation_closes_the_file(bench, monkeypatch, numbered_video):
    overriding(monkeypatch, source=f"video:{numbered_video}")
    pictures = bench.listen(Image, topics.IMAGE, qos.STREAM)
    node = start(bench)
    pictures.wait_for_count(5)
    assert numbered_video.name in open_files()
    node.trigger_deactivate()
    assert numbered_video.name not in open_files()


def test_a_file_begins_when_its_subscribers_have_had_time_to_find_it(
    bench, monkeypatch, numbered_video
):
    monkeypatch.setattr(capture_node, "DISCOVERY_SECONDS", 3600.0)
    overriding(monkeypatch, source=f"video:{numbered_video}")
    pictures = bench.listen(Image, topics.IMAGE, qos.STREAM)
    node = start(bench)
    bench.wait_until(lambda: node.count_subscribers(topics.IMAGE) > 0, "a subscriber")
    assert numbered_video.name not in open_files()
    assert not pictures.messages
    assert node.trigger_deactivate() is TransitionCallbackReturn.SUCCESS


def open_files():
    return {Path(file.path).name for file in psutil.Process().open_files()}


@pytest.mark.parametrize(
    ("bench", "message"),
    [
        ({"source": "telescope"}, "unknown source"),
        ({"fps": 0.0}, "camera.fps"),
        ({"width": 100000}, "camera.width"),
        ({"pace": "whenever"}, "camera.pace"),
        ({"calibration_file": "/no/such.yaml"}, "such.yaml"),
    ],
    indirect=["bench"],
)
def test_a_parameter_that_cannot_be_is_named(bench, message):
    with pytest.raises((runner.ConfigurationError, runner.ParameterError), match=message):
        CameraNode()


class _HangingCamera:
    """A device whose driver does not come back from a read until it is released."""

    name, fps, width, height, realtime = "webcam hung", 30.0, 64, 48, True

    def __init__(self):
        self.reading = threading.Event()
        self.released = threading.Event()

    def open(self):
        pass

    def read(self, _clock):
        self.reading.set()
        self.released.wait()

    def close(self):
        pass


def test_a_device_that_cannot_be_closed_is_not_called_inactive(bench, monkeypatch):
    hanging = _HangingCamera()
    monkeypatch.setattr(camera, "parse_source", lambda *_, **__: hanging)
    bench.listen(Image, topics.IMAGE, qos.STREAM)
    node = start(bench)
    bench.wait_until(hanging.reading.is_set, "a read")
    try:
        assert node.trigger_deactivate() is not TransitionCallbackReturn.SUCCESS
    finally:
        hanging.released.set()
