"""The capture thread: reads a source, keeps what is not taken yet, and tries again what failed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from emotion_core.capture.backoff import Backoff
from emotion_core.capture.source import CaptureError, Clock, Source

Item = TypeVar("Item")
_Self = TypeVar("_Self", bound="Grabber[Any]")


class GrabberState(Enum):
    """What the capture thread is doing."""

    CLOSED = "closed"  # not started, or closed: the device is released
    OPENING = "opening"  # the first attempt to open the source is under way
    OPEN = "open"  # delivers pictures or sound
    RETRYING = "retrying"  # the source failed and is tried again after a pause
    ENDED = "ended"  # nothing more will come: end of the file, or an error that stays


@dataclass(frozen=True, slots=True)
class GrabberStatus:
    """The capture thread at one moment.

    Attributes:
        state: what it is doing.
        captured: items read from the source.
        dropped: items that nobody took in time.
        failures: times the source could not be opened or broke off.
        last_error: message of the latest failure, empty if there was none. It stays after a
            recovery; ``state`` tells whether it is over.
    """

    state: GrabberState = GrabberState.CLOSED
    captured: int = 0
    dropped: int = 0
    failures: int = 0
    last_error: str = ""


class Grabber(ABC, Generic[Item]):
    """Reads a source in a thread of its own.

    A source that fails with a retryable error is closed and tried again after growing pauses.

    Args:
        source: opened, read and closed by the thread alone.
        clock: s; gives the capture times.
        backoff: pauses between attempts.
        wait: sleeps for a number of seconds, or less when it is told to stop; replaceable so that
            tests need not wait.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        *,
        backoff: Backoff | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._name = source.name
        self._open, self._close = source.open, source.close
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._condition = threading.Condition()
        self._queue: deque[Item] = deque()
        self._status = GrabberStatus()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _capture(self) -> bool:
        """Read the opened source until it ends, fails or is stopped.

        Returns:
            Whether the source has ended; False asks to open it anew.

        Raises:
            CaptureError: if it fails.
        """

    def _reset(self) -> None:
        """Forget what belonged to an earlier run."""
        self._queue.clear()

    def __enter__(self: _Self) -> _Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The source as a person would name it."""
        return self._name

    @property
    def status(self) -> GrabberStatus:
        """What the grabber is doing now. Not ENDED before the last item has been taken."""
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
            raise RuntimeError(f"{self._name}: the grabber runs already")
        self._stop.clear()
        self._reset()
        self._set_state(GrabberState.OPENING)
        self._thread = threading.Thread(target=self.run, name=f"grab {self._name}", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop capturing and release the source; what was not yet taken is thrown away.

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
                raise TimeoutError(f"{self._name}: did not return within {timeout} s")
            self._thread = None
        with self._condition:
            self._queue.clear()
        self._set_state(GrabberState.CLOSED)

    def take(self, timeout: float | None = None) -> Item | None:
        """Return the oldest item that is kept and nobody has taken.

        Args:
            timeout: how long to wait for it, s; None waits until there is one or no more will come.

        Returns:
            None after the timeout, at the end, or when the grabber is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._is_over, timeout)
            if not self._queue:
                return None
            item = self._queue.popleft()
            self._condition.notify_all()
            return item

    def run(self) -> None:
        """Capture until the end or ``close``. This is what the thread does."""
        failures_in_a_row = 0
        final = GrabberState.CLOSED
        try:
            while not self._stop.is_set():
                captured = self._status.captured
                pause = 0.0
                try:
                    self._open()
                    ended = self._capture()
                except CaptureError as error:
                    again = self._status.captured > captured
                    failures_in_a_row = 1 if again else failures_in_a_row + 1
                    self._note_failure(str(error))
                    if not error.retryable:
                        final = GrabberState.ENDED
                        return
                    self._set_state(GrabberState.RETRYING)
                    pause = self._backoff.pause(failures_in_a_row)
                else:
                    if ended and not self._stop.is_set():
                        final = GrabberState.ENDED
                        return
                finally:
                    self._close()
                if pause > 0:
                    self._wait(pause)
        except Exception as error:
            self._note_failure(f"{self._name}: {type(error).__name__}: {error}")
            final = GrabberState.ENDED
            raise
        finally:
            self._set_state(final)

    @property
    def _is_over(self) -> bool:
        over = (GrabberState.ENDED, GrabberState.CLOSED)
        return self._stop.is_set() or self._status.state in over

    def _wait_until(self, due: float, longest: float) -> float:
        """Wait for a time on the clock; return how late it is then, s.

        Args:
            due: s.
            longest: s; more than that remains only when the clock has been set back.
        """
        while 0 < (remaining := due - self._clock()) <= longest and not self._stop.is_set():
            self._wait(remaining)
        return self._clock() - due

    def _wait_for_room(self, capacity: int) -> None:
        with self._condition:
            self._condition.wait_for(lambda: len(self._queue) < capacity or self._stop.is_set())

    def _put(self, item: Item, capacity: int) -> None:
        """Keep an item until it is taken; the oldest of more than ``capacity`` are dropped."""
        with self._condition:
            dropped = max(len(self._queue) - capacity + 1, 0)
            for _ in range(dropped):
                self._queue.popleft()
            self._queue.append(item)
            self._count(captured=1, dropped=dropped)
            self._condition.notify_all()

    def _count(self, *, captured: int = 0, dropped: int = 0) -> None:
        with self._condition:
            status = self._status
            self._status = replace(
                status, captured=status.captured + captured, dropped=status.dropped + dropped
            )

    def _note_failure(self, message: str) -> None:
        with self._condition:
            failures = self._status.failures + 1
            self._status = replace(self._status, failures=failures, last_error=message)

    def _set_state(self, state: GrabberState) -> None:
        with self._condition:
            self._status = replace(self._status, state=state)
            self._condition.notify_all()
