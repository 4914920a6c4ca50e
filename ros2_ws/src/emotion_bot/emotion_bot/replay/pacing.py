"""When the messages of a bag are due."""

from __future__ import annotations

from collections.abc import Callable

_NANOSECONDS = 1_000_000_000


class PacedClock:
    """The time of a bag that is played at a rate; it can be held.

    Args:
        start: time of the bag at the beginning, ns.
        rate: how many times faster than real time, > 0.
        clock: monotonic, s.
    """

    def __init__(self, start: int, rate: float, clock: Callable[[], float]) -> None:
        if not rate > 0:
            raise ValueError(f"rate must be > 0, got {rate}")
        self._bag_time = start
        self._rate = rate
        self._clock = clock
        self._since = clock()
        self._held = False

    def now(self) -> int:
        """Return the time of the bag, ns."""
        if self._held:
            return self._bag_time
        elapsed = self._clock() - self._since
        return self._bag_time + round(elapsed * self._rate * _NANOSECONDS)

    def seconds_until(self, time: int) -> float:
        """Return how long to wait for a time of the bag, s; 0 when it has come."""
        return max((time - self.now()) / _NANOSECONDS / self._rate, 0.0)

    def hold(self, time: int) -> None:
        """Stop at a time of the bag, ns, until `go_on`."""
        self._bag_time = time
        self._held = True

    def go_on(self) -> None:
        """Let time pass again."""
        self._bag_time = self.now()
        self._since = self._clock()
        self._held = False
