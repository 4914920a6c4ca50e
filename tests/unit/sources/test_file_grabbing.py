"""The capture thread with recordings: paces, drops, schedules; no test sleeps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from source_doubles import NUMBERS, PICTURE, FakeTime, number_of, taken

from emotion_core.capture.grabber import GrabberState
from emotion_core.capture.source import Clock, Pace
from emotion_core.vision.frames import Frame
from emotion_core.vision.grabber import NewestFrameGrabber
from emotion_core.vision.sources import FileMissingError, TruncatedVideoError, VideoFile

pytestmark = pytest.mark.unit


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
