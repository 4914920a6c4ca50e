"""Which played frames have been answered by the nodes, and how fast."""

from __future__ import annotations

import threading
from typing import Any, Final

from emotion_bot import topics
from emotion_bot.replay.collector import Collector
from emotion_bot.stamps import nanoseconds_from_stamp
from emotion_core.replay.run_record import RunRecord

ANSWERS: Final = (topics.FACES, topics.EXPRESSION, topics.GAZE_TARGET, topics.HEAD_COMMAND)
"""Topics on which every frame has to be answered; an expression, once for every face seen."""


class Answers:
    """Matches answers with played frames. Safe to use from several threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._now = 0.0
        self._played: dict[int, float] = {}
        self._awaited: dict[str, dict[int, int]] = {topic: {} for topic in ANSWERS}
        self._given_up: dict[str, dict[int, int]] = {topic: {} for topic in ANSWERS}
        self._early: dict[int, int] = {}
        self._collector = Collector(self._delay)

    def played(self, stamp: int, now: float) -> None:
        """Note that a frame has been published.

        Args:
            stamp: of the frame, ns.
            now: s.
        """
        with self._condition:
            self._played[stamp] = now
            for topic in ANSWERS:
                if topic != topics.EXPRESSION:
                    self._awaited[topic][stamp] = 1

    def take(self, topic: str, message: Any, bag_time: int, now: float) -> None:
        """Take what a node published.

        Args:
            topic: relative.
            message: of any type with a header.
            bag_time: ns.
            now: s, on the clock given to `played`.
        """
        with self._condition:
            self._now = now
            self._collector.take(topic, message, bag_time)
            if topic in ANSWERS:
                stamp = nanoseconds_from_stamp(message.header.stamp)
                self._answered(topic, stamp)
                if topic == topics.FACES:
                    self._await_expressions(stamp, sum(f.crop.width > 0 for f in message.faces))
            self._condition.notify_all()

    def unanswered(self) -> dict[str, int]:
        """Return the number of answers that have not come, by topic."""
        with self._condition:
            return self._unanswered()

    def wait(self, most: int, timeout: float) -> bool:
        """Wait until every frame has its faces and no topic owes more answers than this.

        Args:
            most: number of answers, beside faces.
            timeout: s.

        Returns:
            Whether that came to be.
        """
        with self._condition:
            return self._condition.wait_for(
                lambda: (
                    not self._awaited[topics.FACES] and max(self._unanswered().values()) <= most
                ),
                timeout,
            )

    def give_up(self) -> None:
        """Wait no longer for what has not come so far."""
        with self._condition:
            for topic, awaited in self._awaited.items():
                self._given_up[topic].update(awaited)
                awaited.clear()

    def lost(self) -> dict[str, int]:
        """Return the number of answers that have not come, given up or not, by topic."""
        with self._condition:
            return {
                topic: count + sum(self._given_up[topic].values())
                for topic, count in self._unanswered().items()
            }

    def finish(self) -> RunRecord:
        """Return the record of the run; nothing may be taken after that."""
        with self._condition:
            return self._collector.finish()

    def _owes_at_most(self, most: int) -> bool:
        owed = self._unanswered()
        return owed[topics.FACES] == 0 and max(owed.values()) <= most

    def _unanswered(self) -> dict[str, int]:
        return {topic: sum(awaited.values()) for topic, awaited in self._awaited.items()}

    def _answered(self, topic: str, stamp: int) -> None:
        for expected in (self._awaited[topic], self._given_up[topic]):
            if stamp in expected:
                expected[stamp] -= 1
                if expected[stamp] == 0:
                    del expected[stamp]
                return
        if topic == topics.EXPRESSION:
            # Two topics have no common order: it may come before the faces that it answers.
            self._early[stamp] = self._early.get(stamp, 0) + 1

    def _await_expressions(self, stamp: int, count: int) -> None:
        missing = count - self._early.pop(stamp, 0)
        if missing > 0:
            self._awaited[topics.EXPRESSION][stamp] = missing

    def _delay(self, stamp: int, _arrival: int) -> float:
        return self._now - self._played.get(stamp, float("nan"))
