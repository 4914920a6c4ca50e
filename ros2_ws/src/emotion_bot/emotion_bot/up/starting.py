"""In which order nodes start, and how many at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from emotion_bot.graph import NodeSpec

SLOW_SECONDS = 4.0
"""A node that is not ready so long after its start does not hold back the next ones."""

READY_SECONDS = 20.0
"""Sources start at the latest after this long, whether the other nodes are ready or not."""


class StartOrder:
    """Tells which nodes to start next.

    Starting is loading, which keeps a processor busy for seconds. All at once, the first node would
    be ready no sooner than the last. Sources come at the end, when somebody listens to them.

    Args:
        graph: nodes in their order.
        now: time of the start, s.
    """

    def __init__(self, graph: Sequence[NodeSpec], now: float) -> None:
        self._waiting = deque(spec.name for spec in graph if not spec.is_source)
        self._sources = [spec.name for spec in graph if spec.is_source]
        self._begun = now
        self._started: dict[str, float] = {}

    @property
    def is_over(self) -> bool:
        """Whether every node has been started."""
        return not self._waiting and not self._sources

    def next(self, ready: Collection[str], at_once: int, now: float) -> list[str]:
        """Return the nodes to be started now.

        Args:
            ready: names of the nodes that have loaded what they need.
            at_once: how many may be starting at the same time; one, if it is less.
            now: s, never less than before.
        """
        starting = [
            name
            for name, since in self._started.items()
            if name not in ready and now - since < SLOW_SECONDS
        ]
        free = max(0, max(1, at_once) - len(starting))
        names = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        self._started |= dict.fromkeys(names, now)
        all_ready = not self._waiting and set(self._started) <= set(ready)
        if all_ready or now - self._begun >= READY_SECONDS:
            names += [*self._waiting, *self._sources]
            self._waiting.clear()
            self._sources.clear()
        return names
