"""Staying fresh when frames arrive faster than they can be processed."""

from __future__ import annotations


class FreshnessGate:
    """Passes frames over while the queue before them is stale.

    A frame that is passed over costs almost nothing, so a backlog melts within one frame's time and
    the next answer is about the present. At most ``longest_run`` frames go in a row, so that a
    camera whose clock differs from ours is still seen.

    Args:
        maximum_age: of a frame worth processing, s; 0 processes every one.
        longest_run: most frames passed over in a row, >= 1.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(self, maximum_age: float, longest_run: int) -> None:
        if maximum_age < 0 or longest_run < 1:
            raise ValueError(
                f"freshness: maximum age {maximum_age} s must be >= 0, run {longest_run} >= 1"
            )
        self._maximum_age = maximum_age
        self._longest_run = longest_run
        self._run = 0
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
        self._run = 0
        return True
