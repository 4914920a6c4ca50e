"""Which sentence to say, and when to keep quiet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from emotion_core.behaviour.reactions import Speech


class Sentences:
    """Chooses sentences in turn and keeps the intervals between them.

    Args:
        settings: the intervals.
    """

    def __init__(self, settings: Speech) -> None:
        self._settings = settings
        self._said = -math.inf
        self._said_for: dict[str, float] = {}
        self._turn: dict[str, int] = {}

    def choose(self, occasion: str, sentences: Sequence[str], time: float) -> str:
        """Return the next sentence for an occasion; empty when it is better to be quiet.

        Args:
            occasion: name of the state or expression, each with its own turn and interval.
            sentences: to choose from.
            time: s.
        """
        quiet_for = time - self._said
        since_occasion = time - self._said_for.get(occasion, -math.inf)
        if (
            not sentences
            or quiet_for < self._settings.interval
            or since_occasion < self._settings.repeat_interval
        ):
            return ""
        turn = self._turn.get(occasion, 0)
        self._said = time
        self._said_for[occasion] = time
        self._turn[occasion] = turn + 1
        return sentences[turn % len(sentences)]
