"""Publishing a node's health once a second on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from emotion_bot import qos, topics
from emotion_bot.timers import create_timer

PERIOD_SECONDS = 1.0
_FIRST_SECONDS = 0.1
"""The first report comes soon, once readers have been found: it says that the node is ready."""


class Level(Enum):
    """Severity, as /diagnostics defines it."""

    OK = DiagnosticStatus.OK
    WARN = DiagnosticStatus.WARN
    ERROR = DiagnosticStatus.ERROR


Health = tuple[Level, str, Mapping[str, object]]
"""Level, one line for people, and values by name."""


class Diagnostics:
    """Asks for the health of a part once a second and publishes it."""

    def __init__(self, node: Node, hardware_id: str, health: Callable[[], Health]) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._health = health
        self._publisher = node.create_publisher(
            DiagnosticArray, topics.DIAGNOSTICS, qos.STREAM_PUBLISHER
        )
        self._timer = create_timer(node, PERIOD_SECONDS, self.publish)
        self._first = create_timer(node, _FIRST_SECONDS, self._begin)

    def _begin(self) -> None:
        self._first.cancel()
        self.publish()

    def publish(self) -> None:
        """Publish the present health now; also for changes that should be seen at once."""
        level, message, values = self._health()
        status = DiagnosticStatus(
            level=level.value,
            name=self._node.get_fully_qualified_name().lstrip("/"),
            message=message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
