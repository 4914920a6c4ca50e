"""Staying fresh when frames arrive faster than they can be processed."""

from __future__ import annotations

from typing import Final

BURST: Final = 3.0
"""Frames that may come together without any being passed over for the rate alone."""


class FreshnessGate:
    """Passes frames over while they come faster than is useful, or the queue before them is stale.

    A frame that is passed over costs almost nothing, so a backlog melts within one frame's time and
    the next answer is about the present. At most ``longest_run`` stale frames go in a row, so that
    a camera whose clock differs from ours is still seen.

    Args:
        maximum_age: of a frame worth processing, s; 0 processes every one.
        longest_run: most stale frames passed over in a row, >= 1.
        maximum_rate: of processed frames by their capture times, 1/s; 0 sets no limit.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(self, maximum_age: float, longest_run: int, maximum_rate: float = 0.0) -> None:
        if maximum_age < 0 or longest_run < 1 or maximum_rate < 0:
            raise ValueError(
                f"freshness: maximum age {maximum_age} s and rate {maximum_rate}/s must be >= 0, "
                f"run {longest_run} >= 1"
            )
        self._maximum_age = maximum_age
        self._longest_run = longest_run
        self._maximum_rate = maximum_rate
        self._run = 0
        self._credit = BURST
        self._last_captured = float("-inf")
        self.passed_over = 0

    def admits(self, captured: float, now: float) -> bool:
        """Return whether a frame is to be processed.

        Args:
            captured: capture time, s.
            now: s on the same clock.
        """
        stale = self._maximum_age > 0 and now - captured > self._maximum_age
        if stale and self._run < self._longest_run:
            self._run += 1
            self.passed_over += 1
            return False
        if not self._within_rate(captured):
            self.passed_over += 1
            return False
        self._run = 0
        return True

    def _within_rate(self, captured: float) -> bool:
        if self._maximum_rate == 0:
            return True
        # A clock that was set back gives no credit and takes none.
        elapsed = max(captured - self._last_captured, 0.0)
        self._last_captured = captured
        self._credit = min(self._credit + elapsed * self._maximum_rate, BURST)
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True
