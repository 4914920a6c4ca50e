"""The capture thread with cameras: the newest picture, retries, closing; no test sleeps."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from source_doubles import PICTURE, FakeTime, taken

from emotion_core.capture.backoff import Backoff
from emotion_core.capture.grabber import GrabberState
from emotion_core.capture.source import Clock
from emotion_core.vision.frames import CameraLostError, Frame, NoCameraError, SourceError
from emotion_core.vision.grabber import NewestFrameGrabber
from emotion_core.vision.sources import VideoFile

pytestmark = pytest.mark.unit


class ScriptedCamera:
    """A live source: each run of the script is one connection; an exception ends it.

    Steps are: a number (a picture; the clock then stands there), or an exception to raise.
    """

    name = "camera"
    fps = 10.0
    width = height = 4
    realtime = True

    def __init__(self, fake_time: FakeTime, *runs: list[float | SourceError]) -> None:
        self._fake_time = fake_time
        self._runs = iter(runs)
        self._steps: list[float | SourceError] = []
        self.opened: list[float] = []
        self.closed = 0

    def open(self) -> None:
        self.opened.append(self._fake_time.now)
        self._steps = list(next(self._runs))
        if self._steps and isinstance(self._steps[0], NoCameraError):
            raise self._steps[0]

    def read(self, clock: Clock) -> Frame | None:
        if not self._steps:
            return None
        step = self._steps.pop(0)
        if isinstance(step, SourceError):
            raise step
        self._fake_time.now = step
        return Frame(PICTURE, clock())

    def close(self) -> None:
        self.closed += 1


def test_live_source_keeps_only_the_newest(fake_time: FakeTime) -> None:
    camera = ScriptedCamera(fake_time, [1001.0, 1002.0, 1003.0])
    grabber = NewestFrameGrabber(camera, fake_time.clock, wait=fake_time.wait)
    grabber.run()
    assert grabber.status.captured == 3
    assert grabber.status.dropped == 2
    assert grabber.status.state is GrabberState.OPEN, "not ended before the last picture is taken"
    assert taken(grabber) == [1003.0]
    assert grabber.status.state is GrabberState.ENDED
    assert grabber.status.last_error == ""
    assert camera.closed == 1


def test_camera_that_disappears_is_retried_and_recovers(fake_time: FakeTime) -> None:
    absent = NoCameraError("webcam /dev/video0: No such file")
    camera = ScriptedCamera(
        fake_time,
        [1001.0, CameraLostError("webcam: gone")],
        [absent],
        [absent],
        [1010.0],
    )
    grabber = NewestFrameGrabber(
        camera, fake_time.clock, backoff=Backoff(0.5, 2.0, 8.0), wait=fake_time.wait
    )
    grabber.run()
    assert fake_time.waits == [0.5, 1.0, 2.0]
    assert taken(grabber) == [1010.0]
    status = grabber.status
    assert (status.captured, status.failures) == (2, 3)
    assert status.last_error == str(absent)
    assert camera.closed == len(camera.opened) == 4


def test_backoff_starts_over_after_pictures_came(fake_time: FakeTime) -> None:
    absent, lost = NoCameraError("absent"), CameraLostError("lost")
    camera = ScriptedCamera(fake_time, [absent], [absent], [1001.0, lost], [absent], [1002.0])
    grabber = NewestFrameGrabber(
        camera, fake_time.clock, backoff=Backoff(1.0, 2.0, 8.0), wait=fake_time.wait
    )
    grabber.run()
    assert fake_time.waits == [1.0, 2.0, 1.0, 2.0]


def test_state_while_retrying(fake_time: FakeTime) -> None:
    seen = []

    def wait(seconds: float) -> None:
        seen.append(grabber.status)

    camera = ScriptedCamera(fake_time, [NoCameraError("webcam: absent")], [1001.0])
    grabber = NewestFrameGrabber(camera, fake_time.clock, wait=wait)
    grabber.run()
    assert [status.state for status in seen] == [GrabberState.RETRYING]
    assert seen[0].last_error == "webcam: absent"


def test_error_that_stays_ends_the_capture(fake_time: FakeTime, tmp_path: Path) -> None:
    grabber = NewestFrameGrabber(
        VideoFile(tmp_path / "absent.mp4"), fake_time.clock, wait=fake_time.wait
    )
    grabber.run()
    assert grabber.status.state is GrabberState.ENDED
    assert "no such file" in grabber.status.last_error
    assert fake_time.waits == []
    assert grabber.take(timeout=0) is None


class EndlessCamera:
    """Blocks in ``read`` until the test lets the next picture through."""

    name = "endless"
    fps = 10.0
    width = height = 4
    realtime = True

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.closed = threading.Event()

    def open(self) -> None:
        self.closed.clear()

    def read(self, clock: Clock) -> Frame | None:
        self.gate.acquire()
        return Frame(PICTURE, clock())

    def close(self) -> None:
        self.closed.set()


def test_close_releases_the_device_and_start_opens_it_again(fake_time: FakeTime) -> None:
    camera = EndlessCamera()
    grabber = NewestFrameGrabber(camera, fake_time.clock)
    for run in (1, 2):
        grabber.start()
        camera.gate.release()
        assert grabber.take(timeout=30) is not None
        camera.gate.release()
        grabber.close()
        assert camera.closed.is_set()
        assert grabber.status.state is GrabberState.CLOSED
        assert grabber.take(timeout=0) is None
        assert grabber.status.captured >= run


def test_close_ends_a_waiting_take(fake_time: FakeTime) -> None:
    camera = EndlessCamera()
    grabber = NewestFrameGrabber(camera, fake_time.clock)
    grabber.start()
    results = []
    taker = threading.Thread(target=lambda: results.append(grabber.take()))
    taker.start()
    closer = threading.Thread(target=grabber.close)
    closer.start()
    camera.gate.release()
    closer.join(30)
    taker.join(30)
    assert not taker.is_alive()
    assert len(results) == 1


def test_source_that_hangs_is_reported(fake_time: FakeTime) -> None:
    camera = EndlessCamera()
    grabber = NewestFrameGrabber(camera, fake_time.clock)
    grabber.start()
    with pytest.raises(TimeoutError, match="endless: did not return within"):
        grabber.close(timeout=0.01)
    camera.gate.release()
    grabber.close()


def test_starting_twice_is_an_error(fake_time: FakeTime) -> None:
    camera = EndlessCamera()
    grabber = NewestFrameGrabber(camera, fake_time.clock)
    grabber.start()
    with pytest.raises(RuntimeError, match="runs already"):
        grabber.start()
    camera.gate.release()
    grabber.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_bug_in_a_source_is_not_silent(fake_time: FakeTime) -> None:
    class Broken(EndlessCamera):
        def read(self, clock: Clock) -> Frame | None:  # noqa: ARG002
            raise ZeroDivisionError("oops")

    grabber = NewestFrameGrabber(Broken(), fake_time.clock)
    grabber.start()
    assert grabber.take(timeout=30) is None
    assert grabber.status.state is GrabberState.ENDED
    assert grabber.status.last_error == "endless: ZeroDivisionError: oops"
    grabber.close()
