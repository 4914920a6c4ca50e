"""Processor time and memory of the robot's processes."""

from __future__ import annotations

from collections.abc import Mapping

import psutil


class Usage:
    """Sums over all processes that ran, dead ones included, from the first sample to the last."""

    def __init__(self) -> None:
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._names: dict[int, str] = {}
        self._started: float | None = None
        self._now = 0.0
        self._peak_memory = 0

    def sample(self, process_ids: Mapping[str, int], now: float) -> None:
        """Note what the processes have used so far; time in s."""
        if self._started is None:
            self._started = now
        self._now = now
        memory = 0
        for name, process_id in process_ids.items():
            try:
                process = psutil.Process(process_id)
                times = process.cpu_times()
                memory += process.memory_info().rss
            except psutil.Error:
                continue
            seconds = times.user + times.system
            self._first.setdefault(process_id, seconds)
            self._last[process_id] = seconds
            self._names[process_id] = name
        self._peak_memory = max(self._peak_memory, memory)

    def report(self) -> dict[str, object]:
        """Return percent of one core, in all and by node, and the peak of resident memory."""
        elapsed = self._now - (self._started or 0.0)
        if self._started is None or elapsed <= 0:
            return {"cpu_percent": None, "cpu_percent_by_node": {}, "rss_mb": None}
        by_node: dict[str, float] = {}
        for process_id, name in self._names.items():
            used = self._last[process_id] - self._first[process_id]
            by_node[name] = by_node.get(name, 0.0) + 100 * used / elapsed
        return {
            "cpu_percent": round(sum(by_node.values()), 1),
            "cpu_percent_by_node": {name: round(value, 1) for name, value in by_node.items()},
            "rss_mb": round(self._peak_memory / 2**20, 1),
        }
