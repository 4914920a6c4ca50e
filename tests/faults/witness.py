"""A node beside the robot that notes which messages came, and when."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message

from emotion_bot import qos, stamps, topics
from emotion_bot.subscriptions import LARGEST_BYTES

from .absurd import TYPES

_WATCHED = (topics.FACES, topics.EXPRESSION, topics.HEAD_COMMAND, topics.HEAD_STATE)
_RECENT = 60
MAX_AGE = 1.0
"""A message whose stamp is further from now is not of the present, s."""
PLAUSIBLE_SECONDS = 10.0
"""A stamp further from now is no capture time of the robot's."""


@dataclass(frozen=True)
class Arrival:
    """One message.

    Attributes:
        at: when it came, s on the monotonic clock.
        age: then, by its header stamp and the robot's clock, s.
    """

    at: float
    age: float


class Witness:
    """Listens to the robot's answers in a thread of its own.

    Attributes:
        clock_offset: of the robot's clock against this computer's, s.
    """

    def __init__(self) -> None:
        self.clock_offset = 0.0
        self._recent: dict[str, deque[Arrival]] = {t: deque(maxlen=_RECENT) for t in _WATCHED}
        self._stamps: dict[str, dict[int, float]] = defaultdict(dict)
        rclpy.init(args=[])
        self.node = rclpy.create_node("witness")
        for topic in _WATCHED:
            self.node.create_subscription(
                TYPES[topic],
                topic,
                lambda data, topic=topic: self._take(topic, data),
                qos.OBSERVER,
                raw=True,
            )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, name="witness", daemon=True)
        self._thread.start()

    def fresh(self, topic: str, since: float) -> int:
        """Return how many messages of the present came in the last second.

        Args:
            topic: of the messages.
            since: monotonic time before which none counts, s.
        """
        since = max(since, time.monotonic() - 1.0)
        return sum(a.at >= since and abs(a.age) <= MAX_AGE for a in list(self._recent[topic]))

    def stamps(self, topic: str, begin: float, end: float) -> dict[int, float]:
        """Return the header stamps (ns) of what came between two monotonic times, s, and when."""
        return {stamp: at for stamp, at in self._stamps[topic].items() if begin <= at <= end}

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def _take(self, topic: str, data: bytes) -> None:
        if len(data) > LARGEST_BYTES:
            return
        message = deserialize_message(data, TYPES[topic])
        stamp = stamps.nanoseconds_from_stamp(message.header.stamp)
        at = time.monotonic()
        age = time.time() + self.clock_offset - stamp * 1e-9
        self._recent[topic].append(Arrival(at, age))
        if abs(age) < PLAUSIBLE_SECONDS:
            self._stamps[topic].setdefault(stamp, at)
