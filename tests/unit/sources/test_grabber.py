"""The capture thread with scripted sources: paces, drops, retries; no test sleeps."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_doubles import NUMBERS, FakeTime, number_of

from emotion_core.capture.backoff import Backoff
from emotion_core.capture.grabber import GrabberState
from emotion_core.capture.source import Clock, Pace
from emotion_core.vision.frames import CameraLostError, Frame, NoCameraError, SourceError
from emotion_core.vision.grabber import NewestFrameGrabber
from emotion_core.vision.sources import FileMissingError, TruncatedVideoError, VideoFile

pytestmark = pytest.mark.unit

PICTURE = np.zeros((4, 4, 3), np.uint8)


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


class ScriptedFile:
    """A source without a pace of its own: pictures at the given offsets."""

    name = "file"
    width = height = 4
    realtime = False

    def __init__(self, offsets: list[float], fps: float = 10.0, recorded: bool = True) -> None:
        self.fps = fps
        self.recorded = recorded
        self._offsets = offsets
        self._index = 0

    def open(self) -> None:
        self._index = 0

    def prepare(self) -> float | None:
        return self._offsets[self._index] if self._index < len(self._offsets) else None

    def read(self, clock: Clock) -> Frame | None:
        self._index += 1
        return Frame(PICTURE, clock())

    def close(self) -> None:
        pass


def taken(grabber: NewestFrameGrabber) -> list[float]:
    times = []
    while (frame := grabber.take(timeout=0)) is not None:
        times.append(frame.time)
    return times


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


@settings(deadline=None)
@given(st.floats(0.01, 5), st.floats(1, 4), st.floats(5, 100), st.integers(1, 10_000))
def test_pauses_grow_up_to_the_maximum(
    first: float, factor: float, maximum: float, failures: int
) -> None:
    backoff = Backoff(first, factor, maximum)
    assert backoff.pause(1) == first
    assert backoff.pause(failures) <= backoff.pause(failures + 1) <= maximum


@pytest.mark.parametrize("values", [(0.0, 2.0, 1.0), (2.0, 2.0, 1.0), (1.0, 0.5, 2.0)])
def test_impossible_backoff(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Backoff(*values)


def test_error_that_stays_ends_the_capture(fake_time: FakeTime, tmp_path: Path) -> None:
    grabber = NewestFrameGrabber(
        VideoFile(tmp_path / "absent.mp4"), fake_time.clock, wait=fake_time.wait
    )
    grabber.run()
    assert grabber.status.state is GrabberState.ENDED
    assert "no such file" in grabber.status.last_error
    assert fake_time.waits == []
    assert grabber.take(timeout=0) is None


def test_file_in_real_time_has_the_pace_of_its_recording(fake_time: FakeTime) -> None:
    offsets = [0.0, 0.1, 0.2, 0.5, 0.55]
    grabber = NewestFrameGrabber(ScriptedFile(offsets), fake_time.clock, wait=fake_time.wait)
    grabber.run()
    assert taken(grabber) == pytest.approx([1000.0 + offset for offset in offsets])
    assert fake_time.now == pytest.approx(1000.55)
    assert grabber.status.dropped == 0


def test_no_drift_although_every_wait_is_too_long(fake_time: FakeTime) -> None:
    def oversleep(seconds: float) -> None:
        fake_time.wait(seconds + 0.003)

    offsets = [number / 25 for number in range(500)]
    grabber = NewestFrameGrabber(ScriptedFile(offsets, fps=25), fake_time.clock, wait=oversleep)
    arrivals = []
    put = grabber._put

    def note(frame: Frame, capacity: int) -> None:
        arrivals.append(fake_time.now)
        put(frame, capacity)

    grabber._put = note
    grabber.run()
    late = np.array(arrivals) - 1000.0 - offsets
    assert late.max() <= 0.0031


def test_wait_that_returns_early_is_continued(fake_time: FakeTime) -> None:
    def doze(seconds: float) -> None:
        fake_time.wait(seconds / 2 if seconds > 1e-4 else seconds)

    grabber = NewestFrameGrabber(ScriptedFile([0.0, 0.1]), fake_time.clock, wait=doze)
    grabber.run()
    assert fake_time.now == pytest.approx(1000.1, abs=1e-6)


def test_stall_of_a_file_is_made_up_without_loss(fake_time: FakeTime) -> None:
    """0.5 s of stalled decoding: the pictures keep their times and none is dropped."""
    offsets = [number / 10 for number in range(30)]
    stalls = iter([0.5])

    def wait(seconds: float) -> None:
        fake_time.wait(seconds + next(stalls, 0.0))

    grabber = NewestFrameGrabber(ScriptedFile(offsets), fake_time.clock, wait=wait)
    grabber.run()
    assert grabber.status.captured == 30
    assert fake_time.now == pytest.approx(1000 + offsets[-1])


def test_long_suspension_shifts_the_schedule(fake_time: FakeTime) -> None:
    offsets = [number / 10 for number in range(6)]
    pauses = iter([0.0, 60.0])

    def wait(seconds: float) -> None:
        fake_time.wait(seconds + next(pauses, 0.0))

    grabber = NewestFrameGrabber(ScriptedFile(offsets), fake_time.clock, wait=wait)
    grabber.run()
    times = taken(grabber)
    assert times[:2] == pytest.approx([1000.0, 1000.1])
    assert np.diff(times[2:]) == pytest.approx([0.1] * 3), "no rush after the suspension"
    assert times[2] == pytest.approx(1060.2)


def test_clock_that_is_set_back_does_not_stop_the_video(fake_time: FakeTime) -> None:
    steps = itertools.count()

    def wait(seconds: float) -> None:
        fake_time.wait(seconds)
        if next(steps) == 1:
            fake_time.now -= 3600.0

    grabber = NewestFrameGrabber(
        ScriptedFile([number / 10 for number in range(8)]), fake_time.clock, wait=wait
    )
    grabber.run()
    assert grabber.status.captured == 8
    assert sum(fake_time.waits) < 2.0


def test_simulated_camera_keeps_only_the_newest(fake_time: FakeTime) -> None:
    grabber = NewestFrameGrabber(
        ScriptedFile([0.0, 0.1, 0.2], recorded=False), fake_time.clock, wait=fake_time.wait
    )
    grabber.run()
    assert taken(grabber) == pytest.approx([1000.2])
    assert grabber.status.dropped == 2


def test_recorded_file_keeps_one_second(fake_time: FakeTime) -> None:
    grabber = NewestFrameGrabber(
        ScriptedFile([number / 10 for number in range(25)]), fake_time.clock, wait=fake_time.wait
    )
    grabber.run()
    times = taken(grabber)
    assert len(times) == 10
    assert grabber.status.dropped == 15
    assert times[-1] == pytest.approx(1002.4)


def test_slow_reader_of_a_file_in_real_time_loses_nothing(fake_time: FakeTime) -> None:
    """Every picture needs 20 ms; they come every 40 ms, some after a stall in a burst."""
    numbers = 100
    stalls = {30: 0.3, 60: 0.25}
    waited = itertools.count()
    busy_until = 0.0
    received: list[float] = []

    def consume() -> None:
        nonlocal busy_until
        while busy_until <= fake_time.now and (frame := grabber.take(timeout=0)):
            received.append(frame.time)
            busy_until = max(busy_until, fake_time.now) + 0.02

    def wait(seconds: float) -> None:
        end = fake_time.now + seconds + stalls.get(next(waited), 0.0)
        while fake_time.now < end:
            fake_time.now = min(fake_time.now + 0.001, end)
            consume()

    grabber = NewestFrameGrabber(
        ScriptedFile([number / 25 for number in range(numbers)], fps=25),
        fake_time.clock,
        wait=wait,
    )
    grabber.run()
    received += taken(grabber)
    assert grabber.status.dropped == 0
    assert received == pytest.approx([1000 + number / 25 for number in range(numbers)])


def test_as_consumed_hands_over_everything_with_the_recordings_times(fake_time: FakeTime) -> None:
    grabber = NewestFrameGrabber(
        ScriptedFile([number / 10 for number in range(50)]), fake_time.clock, pace=Pace.AS_CONSUMED
    )
    grabber.start()
    times = []
    while (frame := grabber.take(timeout=30)) is not None:
        times.append(frame.time)
    assert times == pytest.approx([1000 + number / 10 for number in range(50)])
    assert grabber.status.state is GrabberState.ENDED
    assert grabber.status.dropped == 0
    grabber.close()
    assert grabber.status.state is GrabberState.CLOSED


def test_real_file_through_the_thread(make_video: Callable[..., Path], fake_time: FakeTime) -> None:
    grabber = NewestFrameGrabber(
        VideoFile(make_video("thread.mp4")), fake_time.clock, pace=Pace.AS_CONSUMED
    )
    with grabber:
        numbers = []
        while (frame := grabber.take(timeout=30)) is not None:
            numbers.append(number_of(frame.image))
    assert numbers == [number % NUMBERS for number in range(40)]


def test_truncated_file_gives_its_frames_then_the_error(
    make_video: Callable[..., Path], tmp_path: Path, fake_time: FakeTime
) -> None:
    content = make_video("grab.avi", frames=90).read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(content[: len(content) // 2])
    grabber = NewestFrameGrabber(VideoFile(path), fake_time.clock, pace=Pace.AS_CONSUMED)
    with grabber:
        count = 0
        while grabber.take(timeout=30) is not None:
            count += 1
        status = grabber.status
    assert count == status.captured > 20
    assert status.state is GrabberState.ENDED
    assert "truncated" in status.last_error
    assert not TruncatedVideoError.retryable
    assert not FileMissingError.retryable


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
