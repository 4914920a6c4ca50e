"""Processor time and memory of each node of a running `emotion-bot up`, helpers included."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

NODE_MODULES = "emotion_bot.nodes."
OBSERVER = "observer"
"""What the process of `up` itself is called: it watches the topics."""


class NodeUsage:
    """Sums what the processes of each node used from the first sample to the last.

    Args:
        process_id: of `emotion-bot up`.
    """

    def __init__(self, process_id: int) -> None:
        self._root = process_id
        self._names: dict[int, str] = {}
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._memory: dict[str, int] = {}
        self._started: float | None = None
        self._now = 0.0

    def sample(self, now: float) -> None:
        """Note what the processes have used so far; time in s."""
        memory: dict[str, int] = {}
        for name, process in self._processes():
            try:
                times = process.cpu_times()
                memory[name] = memory.get(name, 0) + process.memory_info().rss
            except psutil.Error:
                continue
            seconds = times.user + times.system
            # A program that began after the first sample has used nothing before it.
            known = seconds if self._started is None else 0.0
            self._first.setdefault(process.pid, known)
            self._last[process.pid] = seconds
            self._names[process.pid] = name
        if not memory:
            return
        if self._started is None:
            self._started = now
        self._now = now
        for name, size in memory.items():
            self._memory[name] = max(self._memory.get(name, 0), size)

    def report(self) -> dict[str, dict[str, float]]:
        """Return `cpu_percent` (of one core) and `rss_mb` (peak of resident memory) by node.

        Empty when there were fewer than two samples.
        """
        elapsed = self._now - (self._started or 0.0)
        if self._started is None or elapsed <= 0:
            return {}
        used = dict.fromkeys(self._memory, 0.0)
        for process_id, name in self._names.items():
            used[name] += self._last[process_id] - self._first[process_id]
        return {
            name: {
                "cpu_percent": round(100 * used[name] / elapsed, 1),
                "rss_mb": round(self._memory[name] / 2**20, 1),
            }
            for name in sorted(used)
        }

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        try:
            root = psutil.Process(self._root)
            children = root.children()
        except psutil.Error:
            return
        yield OBSERVER, root
        for child in children:
            try:
                name = _node_name(child.cmdline())
                helpers = child.children(recursive=True)
            except psutil.Error:
                continue
            for process in (child, *helpers):
                yield name, process


def _node_name(command: list[str]) -> str:
    modules = [word for word in command if word.startswith(NODE_MODULES)]
    return modules[0].removeprefix(NODE_MODULES) if modules else OBSERVER
