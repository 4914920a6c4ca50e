"""The thread that takes sound from a source at the right pace and keeps what is not taken yet."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from emotion_core.audio.chunks import (
    CHUNK_SECONDS,
    AudioChunk,
    AudioSource,
    AudioSourceError,
    Clock,
)
from emotion_core.vision.grabber import Backoff, GrabberState, Pace

_QUEUE_SECONDS = 3.0

_LATENESS = 3.0
"""A recording behind its schedule by more than this passes over what is too late."""

_ORIGIN_POLL_SECONDS = 0.02

_CATCH_UP_SECONDS = 0.002
"""Between late chunks, so that a burst leaves their receivers time."""


@dataclass(frozen=True, slots=True)
class AudioGrabberStatus:
    """The grabber at one moment.

    Attributes:
        state: what it is doing.
        captured: chunks read from the source.
        dropped: chunks that nobody took in time, or that were passed over as too late.
        failures: times the source could not be opened or broke off.
        last_error: message of the latest failure, empty if there was none.
    """

    state: GrabberState
    captured: int
    dropped: int
    failures: int
    last_error: str


class AudioGrabber:
    """Reads a source in a thread of its own.

    A recording in real-time pace is handed over as a device would: each chunk when its last sample
    is due. A source that fails with a retryable error is tried again after growing pauses.

    Args:
        source: opened, read and closed by the thread alone.
        clock: s.
        pace: for recordings.
        origin: gives the time of a recording's origin, s, or None while that is not known yet; when
            its answer changes, the sound goes on where the new origin puts it, and no time is heard
            twice. Without it the origin is the moment the file was opened, and moves on when the
            reader is late.
        backoff: pauses between attempts.
        wait: sleeps for a number of seconds, or less when it is told to stop.
    """

    def __init__(
        self,
        source: AudioSource,
        clock: Clock,
        *,
        pace: Pace = Pace.REAL_TIME,
        origin: Callable[[], float | None] | None = None,
        backoff: Backoff | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._pace = pace
        self._origin = origin
        self._backoff = backoff or Backoff()
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._condition = threading.Condition()
        self._queue: deque[AudioChunk] = deque()
        self._status = AudioGrabberStatus(GrabberState.CLOSED, 0, 0, 0, "")
        self._heard_until = -math.inf
        self._thread: threading.Thread | None = None

    def __enter__(self) -> AudioGrabber:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> AudioGrabberStatus:
        """What the grabber is doing now. Not ENDED before the last chunk has been taken."""
        with self._condition:
            if self._status.state is GrabberState.ENDED and self._queue:
                return replace(self._status, state=GrabberState.OPEN)
            return self._status

    def start(self) -> None:
        """Start capturing. Counters go on from earlier runs.

        Raises:
            RuntimeError: if it runs already.
        """
        if self._thread is not None:
            raise RuntimeError(f"{self._source.name}: the grabber runs already")
        self._stop.clear()
        self._queue.clear()
        self._heard_until = -math.inf
        self._set(state=GrabberState.OPENING)
        self._thread = threading.Thread(target=self.run, name="audio grabber", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop capturing and release the source; chunks not yet taken are thrown away.

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
        self._set(state=GrabberState.CLOSED)

    def take(self, timeout: float | None = None) -> AudioChunk | None:
        """Return the oldest chunk nobody has taken, with its time on the clock.

        Args:
            timeout: how long to wait for it, s; None waits until there is one or no more will come.

        Returns:
            None after the timeout, at the end, or when the grabber is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._is_over, timeout)
            if not self._queue:
                return None
            chunk = self._queue.popleft()
            self._condition.notify_all()
            return chunk

    def run(self) -> None:
        """Capture until the end or ``close``. This is what the thread does."""
        failures_in_a_row = 0
        final = GrabberState.CLOSED
        try:
            while not self._stop.is_set():
                captured = self._status.captured
                try:
                    self._source.open()
                    ended = self._capture()
                except AudioSourceError as error:
                    again = self._status.captured > captured
                    failures_in_a_row = 1 if again else failures_in_a_row + 1
                    self._note_failure(str(error))
                    if not error.retryable:
                        final = GrabberState.ENDED
                        return
                    self._set(state=GrabberState.RETRYING)
                    self._source.close()
                    self._wait(self._backoff.pause(failures_in_a_row))
                else:
                    if ended and not self._stop.is_set():
                        final = GrabberState.ENDED
                        return
                finally:
                    self._source.close()
        except Exception as error:
            self._note_failure(f"{self._source.name}: {type(error).__name__}: {error}")
            final = GrabberState.ENDED
            raise
        finally:
            self._set(state=final)

    @property
    def _is_over(self) -> bool:
        return self._stop.is_set() or self._status.state in (
            GrabberState.ENDED,
            GrabberState.CLOSED,
        )

    def _capture(self) -> bool:
        """Return whether the source has ended; False asks to open it anew."""
        if self._source.realtime:
            self._set(state=GrabberState.OPEN)
            while not self._stop.is_set() and (chunk := self._source.read(self._clock)):
                self._put(chunk)
            return True
        origin = self._await_origin()
        if origin is None:
            return False
        self._set(state=GrabberState.OPEN)
        previous = 0.0
        while (chunk := self._source.read(self._clock)) is not None:
            if self._origin is not None and self._origin() != origin:
                return False
            if origin + chunk.time < self._heard_until:
                # With the origin before this one, sound was heard for that time already.
                continue
            if self._pace is Pace.AS_CONSUMED:
                self._wait_for_room()
            else:
                late = self._await_due(origin + chunk.time, chunk.time - previous + _LATENESS)
                if abs(late) > _LATENESS and self._origin is None:
                    # The clock was set or the computer slept.
                    origin += late
                elif late > _LATENESS:
                    self._set(captured=1, dropped=1)
                    continue
            if self._stop.is_set():
                return False
            previous = chunk.time
            self._heard_until = origin + chunk.time + CHUNK_SECONDS / 2
            self._put(AudioChunk(chunk.samples, origin + chunk.time))
        return True

    def _await_origin(self) -> float | None:
        if self._origin is None:
            return self._clock()
        while (origin := self._origin()) is None:
            if self._stop.is_set():
                return None
            self._wait(_ORIGIN_POLL_SECONDS)
        return origin

    def _await_due(self, time: float, longest: float) -> float:
        """Wait for the end of the chunk that begins at a time; return how late it is, s."""
        due = time + CHUNK_SECONDS
        if self._clock() - due > CHUNK_SECONDS:
            self._wait(_CATCH_UP_SECONDS)
        # More than the longest possible wait remains only when the clock has been set back.
        while 0 < (remaining := due - self._clock()) <= longest and not self._stop.is_set():
            self._wait(remaining)
        return self._clock() - due

    def _wait_for_room(self) -> None:
        with self._condition:
            self._condition.wait_for(lambda: len(self._queue) < 2 or self._stop.is_set())

    def _put(self, chunk: AudioChunk) -> None:
        capacity = round(_QUEUE_SECONDS / CHUNK_SECONDS)
        with self._condition:
            dropped = 0
            while len(self._queue) >= capacity:
                self._queue.popleft()
                dropped += 1
            self._queue.append(chunk)
        self._set(captured=1, dropped=dropped)

    def _note_failure(self, message: str) -> None:
        with self._condition:
            self._status = replace(
                self._status, failures=self._status.failures + 1, last_error=message
            )

    def _set(
        self, *, state: GrabberState | None = None, captured: int = 0, dropped: int = 0
    ) -> None:
        with self._condition:
            self._status = replace(
                self._status,
                state=state or self._status.state,
                captured=self._status.captured + captured,
                dropped=self._status.dropped + dropped,
            )
            self._condition.notify_all()
