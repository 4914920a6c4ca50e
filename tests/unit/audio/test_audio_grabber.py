"""The thread that takes sound: pace, origin, retries; no test sleeps."""

from __future__ import annotations

import numpy as np
import pytest

from emotion_core.audio.chunks import (
    CHUNK_SAMPLES,
    CHUNK_SECONDS,
    AudioChunk,
    MicrophoneLostError,
    NoMicrophoneError,
    NotAudioError,
)
from emotion_core.audio.grabber import AudioGrabber
from emotion_core.capture.backoff import Backoff
from emotion_core.capture.grabber import GrabberState
from emotion_core.capture.source import Pace

pytestmark = pytest.mark.unit

SILENCE = np.zeros(CHUNK_SAMPLES, np.int16)


class Time:
    """A clock that stands still except while somebody waits for it."""

    def __init__(self):
        self.now = 1000.0
        self.waits = []
        self.then = {}

    def clock(self):
        return self.now

    def wait(self, seconds):
        assert seconds > 0
        self.waits.append(seconds)
        self.now += seconds
        for time in [time for time in self.then if time <= self.now]:
            self.then.pop(time)()


class Device:
    """A live source: each run of the script is one connection; an exception ends it."""

    name = "device"
    realtime = True
    invalid_samples = 0

    def __init__(self, time, *runs):
        self.time = time
        self.runs = iter(runs)
        self.steps = []
        self.closed = 0

    def open(self):
        self.steps = list(next(self.runs))
        if self.steps and isinstance(self.steps[0], NoMicrophoneError | NotAudioError):
            raise self.steps[0]

    def read(self, clock):
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        self.time.now = step
        return AudioChunk(SILENCE, clock())

    def close(self):
        self.closed += 1


class Recording:
    """Chunks numbered by their first sample."""

    name = "recording"
    realtime = False
    invalid_samples = 0

    def __init__(self, count, starts=0.0):
        self.count = count
        self.starts = starts
        self.number = 0
        self.opened = 0

    def open(self):
        self.opened += 1
        self.number = 0

    def read(self, _clock):
        if self.number == self.count:
            return None
        chunk = AudioChunk(
            np.full(CHUNK_SAMPLES, self.number, np.int16),
            self.starts + self.number * CHUNK_SECONDS,
        )
        self.number += 1
        return chunk

    def close(self):
        pass


def taken(grabber):
    chunks = []
    while (chunk := grabber.take(timeout=0)) is not None:
        chunks.append((int(chunk.samples[0]), chunk.time))
    return chunks


def test_a_device_that_vanishes_is_tried_again_with_growing_pauses():
    time = Time()
    absent = NoMicrophoneError("microphone: no device")
    device = Device(
        time, [1001.0, MicrophoneLostError("microphone: gone")], [absent], [absent], [1010.0]
    )
    grabber = AudioGrabber(device, time.clock, backoff=Backoff(0.5, 2.0, 8.0), wait=time.wait)
    grabber.run()
    assert time.waits == [0.5, 1.0, 2.0]
    assert [t for _, t in taken(grabber)] == [1001.0, 1010.0]
    status = grabber.status
    assert (status.state, status.captured, status.failures) == (GrabberState.ENDED, 2, 3)
    assert status.last_error == str(absent)
    assert device.closed >= 4


def test_an_error_that_stays_ends_it():
    time = Time()
    grabber = AudioGrabber(Device(time, [NotAudioError("a.wav: broken")]), time.clock)
    grabber.run()
    assert grabber.status.state is GrabberState.ENDED
    assert grabber.status.last_error == "a.wav: broken"


def test_a_recording_comes_when_the_last_sample_of_each_chunk_is_due():
    time = Time()
    grabber = AudioGrabber(Recording(50), time.clock, wait=time.wait)
    grabber.run()
    chunks = taken(grabber)
    assert [number for number, _ in chunks] == list(range(50))
    np.testing.assert_allclose([t for _, t in chunks], 1000 + np.arange(50) * CHUNK_SECONDS)
    assert time.now == pytest.approx(1000 + 50 * CHUNK_SECONDS)


def test_as_consumed_nothing_is_waited_for_and_nothing_lost():
    time = Time()
    with AudioGrabber(Recording(300), time.clock, pace=Pace.AS_CONSUMED) as grabber:
        numbers = []
        while (chunk := grabber.take(timeout=5)) is not None:
            numbers.append((int(chunk.samples[0]), chunk.time))
    assert [number for number, _ in numbers] == list(range(300))
    assert numbers[-1][1] == pytest.approx(1000 + 299 * CHUNK_SECONDS)
    assert time.now == 1000.0
    assert grabber.status.dropped == 0


def test_the_times_of_a_video_count_from_the_origin_that_the_camera_tells():
    time = Time()
    origins = []
    time.then[1000.5] = lambda: origins.append(1000.45)
    grabber = AudioGrabber(
        Recording(20, starts=0.2),
        time.clock,
        origin=lambda: origins[-1] if origins else None,
        wait=time.wait,
    )
    grabber.run()
    chunks = taken(grabber)
    assert [number for number, _ in chunks] == list(range(20))
    np.testing.assert_allclose([t for _, t in chunks], 1000.65 + np.arange(20) * CHUNK_SECONDS)


def test_sound_that_is_too_late_is_passed_over_and_counted():
    time = Time()
    # The video has run for ten seconds when the microphone is switched on.
    grabber = AudioGrabber(Recording(400), time.clock, origin=lambda: 990.0, wait=time.wait)
    grabber.run()
    chunks = taken(grabber)
    assert chunks[-1][0] == 399
    assert chunks[0][1] > 1000.0 - 3.1
    for number, t in chunks:
        assert t == pytest.approx(990.0 + number * CHUNK_SECONDS)
    assert grabber.status.dropped > 200


@pytest.mark.parametrize("moved", [0.7, 4.5, 1001.0])
def test_when_the_origin_moves_the_sound_follows_and_no_time_is_heard_twice(moved):
    time = Time()
    origin = [1000.0]
    begins_anew = moved > 1000
    # A camera that was late moves its schedule; one that was started again begins anew.
    new = time.clock() + 5.0 if begins_anew else 1000.0 + moved
    time.then[1005.0] = lambda: origin.append(new)
    recording = Recording(400)
    grabber = AudioGrabber(recording, time.clock, origin=lambda: origin[-1], wait=time.wait)
    seen = []
    put = grabber._put
    grabber._put = lambda chunk, capacity: (seen.append(chunk), put(chunk, capacity))
    grabber.run()
    times = np.array([chunk.time for chunk in seen])
    numbers = np.array([int(chunk.samples[0]) for chunk in seen])
    assert recording.opened == 2
    assert (np.diff(times) > CHUNK_SECONDS / 2 - 1e-6).all()
    turn = int(np.flatnonzero(np.diff(numbers) != 1)[0]) + 1
    np.testing.assert_allclose(times[:turn], 1000.0 + numbers[:turn] * CHUNK_SECONDS)
    np.testing.assert_allclose(times[turn:], new + numbers[turn:] * CHUNK_SECONDS)
    assert times[turn] - times[turn - 1] < 3 * CHUNK_SECONDS
    assert numbers[-1] == 399


def test_a_clock_that_is_set_does_not_stop_a_recording():
    time = Time()
    time.then[1000.5] = lambda: setattr(time, "now", 500.0)
    time.then[501.0] = lambda: setattr(time, "now", 900.0)
    grabber = AudioGrabber(Recording(80), time.clock, wait=time.wait)
    grabber.run()
    assert [number for number, _ in taken(grabber)] == list(range(80))
    assert sum(time.waits) < 80 * CHUNK_SECONDS + 1


def test_of_sound_that_nobody_takes_the_newest_seconds_are_kept():
    time = Time()
    device = Device(time, list(1000 + np.arange(200) * CHUNK_SECONDS))
    grabber = AudioGrabber(device, time.clock)
    grabber.run()
    kept = taken(grabber)
    assert 80 <= len(kept) <= 100
    assert kept[-1][1] == pytest.approx(1000 + 199 * CHUNK_SECONDS)
    assert grabber.status.dropped == 200 - len(kept)


def test_close_releases_the_source_and_it_can_be_started_again():
    device = Device(Time(), [1001.0], [1002.0])
    grabber = AudioGrabber(device, lambda: 0.0)
    for _ in range(2):
        with grabber:
            assert grabber.take(timeout=5) is not None
        assert grabber.status.state is GrabberState.CLOSED
    assert device.closed >= 2
