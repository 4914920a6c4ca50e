import contextlib
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_doubles import FakeTime

from emotion_core.vision.grabber import NewestFrameGrabber
from emotion_core.vision.scene_paths import StepPath, WalkPath
from emotion_core.vision.sources import (
    CameraLostError,
    NetworkStream,
    NoCameraError,
    SceneSource,
    SourceSpecificationError,
    VideoFile,
    Webcam,
    parse_source,
)

pytestmark = pytest.mark.unit


def test_scene_by_default_walks() -> None:
    source = parse_source("scene", width=320, height=240, fps=15.0)
    assert isinstance(source, SceneSource)
    assert source.parameters.people[0].path == WalkPath()
    assert (source.width, source.height, source.fps) == (320, 240, 15.0)


def test_scene_with_mode_and_settings() -> None:
    source = parse_source("scene:step:20,time=5")
    assert isinstance(source, SceneSource)
    assert source.parameters.people[0].path == StepPath(math.radians(20), 5.0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("webcam", "webcam /dev/video0"),
        ("webcam:2", "webcam /dev/video2"),
        ("webcam:/dev/v4l/by-id/usb-cam", "webcam /dev/v4l/by-id/usb-cam"),
        ("video:some file.mp4", "video some file.mp4"),
        ("video:/a:b/c.mp4", "video /a:b/c.mp4"),
        ("stream:rtsp://robot:secret@cam.local:554/live", "stream rtsp://cam.local:554/live"),
        (" stream:http://10.0.0.5/video.mjpg ", "stream http://10.0.0.5/video.mjpg"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert parse_source(text).name == name


def test_kinds() -> None:
    assert isinstance(parse_source("webcam"), Webcam)
    assert isinstance(parse_source("video:x"), VideoFile)
    assert isinstance(parse_source("stream:rtsp://cam/live"), NetworkStream)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown source ''; expected scene"),
        ("camera:0", "unknown source 'camera:0'"),
        ("webcam:front", "a camera is a number or a path"),
        ("webcam:-1", "a camera is a number or a path"),
        ("video:", "path of the video is missing"),
        ("video", "path of the video is missing"),
        ("stream:", "a URL with host"),
        ("stream:file:///etc/passwd", "a URL with host"),
        ("stream:rtsp://[bad", "a URL with host"),
        ("scene:run", "unknown scene 'run'"),
        ("scene:step:far", "angle must be a number"),
    ],
)
def test_texts_that_cannot_be_understood(text: str, message: str) -> None:
    with pytest.raises(SourceSpecificationError, match=message):
        parse_source(text)


@settings(deadline=None)
@given(st.sampled_from(["", "scene:", "webcam:", "stream:"]), st.text(max_size=30))
def test_any_text_gives_a_source_or_its_error(prefix: str, text: str) -> None:
    with contextlib.suppress(SourceSpecificationError):
        assert parse_source(prefix + text).name


def test_password_is_in_no_message() -> None:
    with pytest.raises(SourceSpecificationError) as caught:
        parse_source("stream:ftp://robot:secret@cam/live")
    assert "secret" not in str(caught.value)


def test_missing_camera() -> None:
    with pytest.raises(NoCameraError, match=r"No such file or directory; video devices present"):
        Webcam(4711).open()


def test_path_that_is_no_device(tmp_path: Path) -> None:
    path = tmp_path / "camera"
    path.touch()
    with pytest.raises(NoCameraError, match="is no device"):
        Webcam(str(path)).open()


def test_device_that_is_no_camera(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoCameraError, match="busy or no camera"):
        Webcam("/dev/null").open()
    assert capfd.readouterr().err == ""


class FakeCapture:
    """Stands in for cv2.VideoCapture: a camera that is unplugged after some pictures."""

    def __init__(self, pictures: int, driver_time: float = 0.0) -> None:
        self._left = pictures
        self._driver_time = driver_time
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802
        return not self.released

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self._left == 0:
            return False, None
        self._left -= 1
        return True, np.zeros((48, 64), np.uint8)

    def get(self, property_id: int) -> float:
        return {0: self._driver_time * 1000, 5: 25.0}.get(property_id, 0.0)

    def release(self) -> None:
        self.released = True


def test_camera_that_disappears() -> None:
    capture = FakeCapture(pictures=3)
    camera = Webcam("/dev/null", open_capture=lambda *_: capture)
    camera.open()
    assert (camera.width, camera.height, camera.fps) == (64, 48, 25.0)
    for _ in range(2):
        frame = camera.read(lambda: 5.0)
        assert frame is not None
        assert frame.image.shape == (48, 64, 3), "grey cameras give BGR too"
    with pytest.raises(CameraLostError, match="delivers no pictures any more"):
        camera.read(lambda: 5.0)
    camera.close()
    assert capture.released
    with pytest.raises(CameraLostError, match="is not open"):
        camera.read(lambda: 5.0)


def test_camera_that_opens_but_delivers_nothing() -> None:
    capture = FakeCapture(pictures=0)
    with pytest.raises(NoCameraError, match="delivers no picture"):
        Webcam("/dev/null", open_capture=lambda *_: capture).open()
    assert capture.released


@pytest.mark.parametrize(
    ("driver_time", "expected"),
    [(99.96, 1699.96), (0.0, 1700.0), (100.5, 1700.0), (50.0, 1700.0)],
)
def test_capture_time_is_the_drivers_where_it_makes_sense(
    driver_time: float, expected: float
) -> None:
    camera = Webcam(
        "/dev/null",
        monotonic=lambda: 100.0,
        open_capture=lambda *_: FakeCapture(5, driver_time),
    )
    camera.open()
    frame = camera.read(lambda: 1700.0)
    assert frame is not None
    assert frame.time == pytest.approx(expected)


def test_scene_looks_where_the_head_points(fake_time: FakeTime) -> None:
    asked = []

    def pose(time: float) -> tuple[float, float]:
        asked.append(time)
        return math.radians(10), 0.0

    source = parse_source("scene:still:10", pose=pose)
    assert isinstance(source, SceneSource)
    grabber = NewestFrameGrabber(source, fake_time.clock, wait=fake_time.wait)
    source.open()
    first = source.read(lambda: 1000.0)
    assert first is not None
    assert asked == [1000.0]
    assert source.scene is not None
    expected = source.scene.render(0.0, math.radians(10), 0.0)
    np.testing.assert_array_equal(first.image, expected)
    assert grabber.source is source


def test_scene_time_starts_anew_when_opened_again() -> None:
    source = parse_source("scene:step:30,time=0.05")
    assert isinstance(source, SceneSource)
    pictures = []
    for _ in range(2):
        source.open()
        pictures.append([source.read(lambda time=time: time) for time in (7.0, 7.04, 7.06)])
        source.close()
    for first, second in zip(*pictures, strict=True):
        np.testing.assert_array_equal(first.image, second.image)
    first, before, after = (frame.image for frame in pictures[0])
    np.testing.assert_array_equal(first, before)
    assert not np.array_equal(before, after)


def test_scene_goes_on_while_pictures_are_left_out(fake_time: FakeTime) -> None:
    """A computer too slow for 30 pictures a second sees fewer, not a slower world."""
    source = parse_source("scene:step:30,time=2")
    assert isinstance(source, SceneSource)
    shown = []
    source.open()
    assert source.scene is not None
    render = source.scene.render

    def slow_render(time: float, pan: float, tilt: float) -> np.ndarray:
        fake_time.now += 0.2
        shown.append(time)
        return render(time, pan, tilt) if len(shown) < 3 else np.zeros((1, 1, 3), np.uint8)

    source.scene.render = slow_render
    grabber = NewestFrameGrabber(source, fake_time.clock, wait=fake_time.wait)
    counter = itertools.count()
    prepare = source.prepare
    source.prepare = lambda: prepare() if next(counter) < 20 else None
    grabber.run()
    assert len(shown) == 20
    assert np.diff(shown) == pytest.approx([0.2] * 19, abs=1e-6)


def test_scene_must_be_open() -> None:
    with pytest.raises(CameraLostError, match="scene: is not open"):
        SceneSource().read(lambda: 0.0)


def test_scene_needs_a_frame_rate() -> None:
    with pytest.raises(SourceSpecificationError, match="frame rate"):
        parse_source("scene", fps=0.0)
