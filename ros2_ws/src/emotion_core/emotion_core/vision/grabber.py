"""The capture thread: takes pictures from a source at the right pace and keeps the newest."""

from __future__ import annotations

import enum
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from emotion_core.vision.frames import Clock, Frame, FrameSource, PacedSource, SourceError

# A recorded file keeps this much unread video, so that a short stall of the reader loses nothing.
_RECORDED_QUEUE_SECONDS = 1.0
_RECORDED_QUEUE_BYTES = 256 * 2**20

# Behind its schedule by more than this, a schedule starts anew instead of rushing to catch up.
_RECORDED_LATENESS = 1.0
_LIVE_LATENESS_FRAMES = 2.0


class GrabberState(enum.Enum):
    """What the capture thread is doing."""

    CLOSED = "closed"  # not started, or closed: the device is released
    OPENING = "opening"  # the first attempt to open the source is under way
    OPEN = "open"  # delivers pictures
    RETRYING = "retrying"  # the source failed and is tried again after a pause
    ENDED = "ended"  # nothing more will come: end of the file, or an error that stays


class Pace(enum.Enum):
    """When the pictures of a source without a pace of its own are taken."""

    REAL_TIME = "real_time"  # picture n at start + its time in the recording
    AS_CONSUMED = "as_consumed"  # as fast as they are taken, none dropped


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts to open a source that failed: growing exponentially, then constant.

    Attributes:
        first: s, > 0.
        factor: by which each pause exceeds the one before, >= 1.
        maximum: s, >= first.
    """

    first: float = 0.5
    factor: float = 2.0
    maximum: float = 2.0

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.maximum and self.factor >= 1):
            raise ValueError(f"{self}: needs 0 < first <= maximum and factor >= 1")

    def pause(self, failures: int) -> float:
        """Return the pause after a number of failures in a row, s."""
        # The exponent is bounded because a large one would overflow.
        growth = self.factor ** min(max(failures - 1, 0), 64)
        return min(self.first * growth, self.maximum)


@dataclass(frozen=True, slots=True)
class GrabberStatus:
    """The capture thread at one moment.

    Attributes:
        state: what it is doing.
        captured: pictures read from the source.
        dropped: pictures that were replaced by newer ones before anybody took them.
        failures: times the source could not be opened or broke off.
        last_error: message of the latest failure, empty if there was none. It stays after a
            recovery; ``state`` tells whether it is over.
    """

    state: GrabberState
    captured: int
    dropped: int
    failures: int
    last_error: str


def _stopped_clock(time: float) -> Clock:
    return lambda: time


class NewestFrameGrabber:
    """Reads a source in a thread of its own and hands over the newest picture.

    Of a live source only the newest picture is kept. Of a recorded file in real-time pace up to one
    second is kept, because there every picture matters; the pictures are taken at
    ``start + time in the recording`` without drift and carry that time. In the pace AS_CONSUMED the
    pictures carry the same times, but come as fast as they are taken and none is dropped.

    A source that fails with a retryable error is closed and tried again after growing pauses.

    Args:
        source: opened, read and closed by the thread alone.
        clock: s; gives the capture times.
        pace: for sources without a pace of their own.
        backoff: pauses between attempts.
        wait: sleeps for a number of seconds, or less when it is told to stop; replaceable so that
            tests need not wait.
    """

    def __init__(
        self,
        source: FrameSource,
        clock: Clock,
        *,
        pace: Pace = Pace.REAL_TIME,
        backoff: Backoff | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._pace = pace
        self._backoff = backoff or Backoff()
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._condition = threading.Condition()
        self._queue: deque[Frame] = deque()
        self._state = GrabberState.CLOSED
        self._captured = 0
        self._dropped = 0
        self._failures = 0
        self._last_error = ""
        self._origin: float | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> NewestFrameGrabber:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def source(self) -> FrameSource:
        """The source this grabber reads."""
        return self._source

    @property
    def status(self) -> GrabberStatus:
        """What the grabber is doing now. Not ENDED before the last picture has been taken."""
        with self._condition:
            state = self._state
            if state is GrabberState.ENDED and self._queue:
                state = GrabberState.OPEN
            return GrabberStatus(
                state, self._captured, self._dropped, self._failures, self._last_error
            )

    @property
    def origin(self) -> float | None:
        """Capture time of a recording's first picture, s; None for sources that are none.

        It moves when the recording is opened again, or falls far behind its schedule.
        """
        with self._condition:
            return self._origin

    def start(self) -> None:
        """Start capturing. Counters go on from earlier runs.

        Raises:
            RuntimeError: if it runs already.
        """
        if self._thread is not None:
            raise RuntimeError(f"{self._source.name}: the grabber runs already")
        self._stop.clear()
        self._queue.clear()
        self._set_origin(None)
        self._set_state(GrabberState.OPENING)
        self._thread = threading.Thread(target=self.run, name="frame grabber", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop capturing and release the source; pictures not yet taken are thrown away.

        Args:
            timeout: how long a read in progress may take to return, s.

        Raises:
            TimeoutError: if the source still hangs in a read after that.
        """
        self._stop.set()
        with self._condition:
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                raise TimeoutError(f"{self._source.name}: did not return within {timeout} s")
            self._thread = None
        with self._condition:
            self._queue.clear()
            self._state = GrabberState.CLOSED

    def take(self, timeout: float | None = None) -> Frame | None:
        """Return the next picture nobody has taken, the newest one for a live source.

        Args:
            timeout: how long to wait for it, s; None waits until there is one or no more will come.

        Returns:
            None after the timeout, at the end, or when the grabber is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._is_over, timeout)
            if not self._queue:
                return None
            frame = self._queue.popleft()
            self._condition.notify_all()
            return frame

    def run(self) -> None:
        """Capture until the end or ``close``. This is what the thread does."""
        failures_in_a_row = 0
        final = GrabberState.CLOSED
        try:
            while not self._stop.is_set():
                captured = self._captured
                try:
                    self._source.open()
                    self._capture()
                except SourceError as error:
                    failures_in_a_row = 1 if self._captured > captured else failures_in_a_row + 1
                    self._note_failure(str(error))
                    if not error.retryable:
                        final = GrabberState.ENDED
                        return
                    self._set_state(GrabberState.RETRYING)
                else:
                    if not self._stop.is_set():
                        final = GrabberState.ENDED
                    return
                finally:
                    self._source.close()
                self._wait(self._backoff.pause(failures_in_a_row))
        except Exception as error:
            self._note_failure(f"{self._source.name}: {type(error).__name__}: {error}")
            final = GrabberState.ENDED
            raise
        finally:
            self._set_state(final)

    @property
    def _is_over(self) -> bool:
        return self._stop.is_set() or self._state in (GrabberState.ENDED, GrabberState.CLOSED)

    def _capture(self) -> None:
        self._set_state(GrabberState.OPEN)
        if self._source.realtime:
            while not self._stop.is_set() and (frame := self._source.read(self._clock)):
                self._put(frame, capacity=1)
        else:
            # Sources without a pace of their own implement PacedSource.
            self._capture_paced(cast(PacedSource, self._source))

    def _capture_paced(self, source: PacedSource) -> None:
        capacity = self._queue_capacity(source)
        lateness = _RECORDED_LATENESS if source.recorded else _LIVE_LATENESS_FRAMES / source.fps
        start, previous = self._clock(), 0.0
        while (offset := source.prepare()) is not None:
            due = start + offset
            if self._pace is Pace.REAL_TIME:
                self._wait_until(due, longest=offset - previous + lateness)
                late = self._clock() - due
                if abs(late) > lateness:
                    # The clock was set, the computer slept, or it is too slow for this source.
                    start += late
                    due += late
            else:
                self._wait_for_room(capacity)
            if self._stop.is_set():
                return
            if source.recorded:
                self._set_origin(start)
            frame = source.read(_stopped_clock(due))
            if frame is None:
                return
            self._put(frame, capacity)
            previous = offset

    def _queue_capacity(self, source: PacedSource) -> int:
        if self._pace is Pace.AS_CONSUMED:
            return 2
        if not source.recorded:
            return 1
        frame_bytes = max(source.width * source.height * 3, 1)
        by_time = math.ceil(source.fps * _RECORDED_QUEUE_SECONDS)
        return max(min(by_time, _RECORDED_QUEUE_BYTES // frame_bytes), 2)

    def _wait_until(self, due: float, longest: float) -> None:
        # More than the longest possible wait remains only when the clock has been set back.
        while 0 < (remaining := due - self._clock()) <= longest and not self._stop.is_set():
            self._wait(remaining)

    def _wait_for_room(self, capacity: int) -> None:
        with self._condition:
            self._condition.wait_for(lambda: len(self._queue) < capacity or self._stop.is_set())

    def _put(self, frame: Frame, capacity: int) -> None:
        with self._condition:
            self._captured += 1
            while len(self._queue) >= capacity:
                self._queue.popleft()
                self._dropped += 1
            self._queue.append(frame)
            self._condition.notify_all()

    def _note_failure(self, message: str) -> None:
        with self._condition:
            self._failures += 1
            self._last_error = message

    def _set_origin(self, origin: float | None) -> None:
        with self._condition:
            self._origin = origin

    def _set_state(self, state: GrabberState) -> None:
        with self._condition:
            self._state = state
            self._condition.notify_all()
