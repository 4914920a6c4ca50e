"""Percentiles of the newest latencies."""

from __future__ import annotations

import math
from collections import deque

_LONGEST_SECONDS = 10.0
"""A longer latency comes from a replay or another clock and says nothing."""


class LatencyWindow:
    """Latencies of the last seconds.

    Args:
        window: s.
        maximum: samples kept.
    """

    def __init__(self, window: float = 30.0, maximum: int = 600) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque(maxlen=maximum)

    def add(self, latency: float, now: float) -> None:
        """Note a latency in s; one that cannot be true is ignored."""
        if 0.0 <= latency <= _LONGEST_SECONDS:
            self._samples.append((now, latency))

    def percentiles_ms(self, now: float) -> tuple[float, float] | None:
        """Return the median and the 95th percentile, ms; None without samples."""
        while self._samples and now - self._samples[0][0] > self._window:
            self._samples.popleft()
        if not self._samples:
            return None
        ordered = sorted(latency for _, latency in self._samples)
        return _nearest_rank(ordered, 0.5) * 1e3, _nearest_rank(ordered, 0.95) * 1e3


def _nearest_rank(ordered: list[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
