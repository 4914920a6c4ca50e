"""What the nodes said of themselves on /diagnostics during a run."""

from __future__ import annotations

import math
from collections.abc import Mapping


class HealthLog:
    """Keeps every value with its time."""

    def __init__(self) -> None:
        self._entries: dict[str, list[tuple[float, dict[str, str]]]] = {}

    def add(self, node: str, time: float, values: Mapping[str, str]) -> None:
        """Note what a node said at a time in s."""
        self._entries.setdefault(node, []).append((time, dict(values)))

    def count(self, node: str, counter: str) -> int:
        """Return a counter's last value; 0 when the node never told it."""
        counts = self._counts(node, counter)
        return counts[-1][1] if counts else 0

    def rate(self, node: str, counter: str) -> float:
        """Return by how much a counter rose per second since it left zero; NaN if unknown."""
        counts = [entry for entry in self._counts(node, counter) if entry[1] > 0]
        if len(counts) < 2 or counts[-1][0] <= counts[0][0]:
            return math.nan
        return (counts[-1][1] - counts[0][1]) / (counts[-1][0] - counts[0][0])

    def _counts(self, node: str, counter: str) -> list[tuple[float, int]]:
        return [
            (time, int(values[counter]))
            for time, values in self._entries.get(node, [])
            if counter in values
        ]
