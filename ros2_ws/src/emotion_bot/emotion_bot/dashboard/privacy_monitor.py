"""Observing what the robot senses, sends and keeps, and publishing it on `privacy`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import Privacy
from emotion_bot_msgs.msg import PrivacyPart as PrivacyPartMessage
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.task import Future
from rclpy.topic_endpoint_info import TopicEndpointInfo

from emotion_bot import capture_health, qos, topics
from emotion_bot.dashboard.devices import Device, DeviceReport
from emotion_bot.dashboard.names import (
    CAMERA,
    HEAD,
    MICROPHONE,
    MOOD,
    RECORDER,
    REPUBLISH,
    RETENTION_PARAMETERS,
)
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer
from emotion_core.privacy.parts import (
    DISCOVERY_SECONDS,
    PartState,
    PrivacyPart,
    network_part,
    recording_part,
    sensor_part,
)

_PERIOD_SECONDS = 1.0
_PARAMETERS_EVERY_SECONDS = 60.0

_NAME_UNKNOWN = "_NODE_NAME_UNKNOWN_"

_OPEN_STATES = frozenset({"open", "opening"})

_OWN_READERS = {
    topics.IMAGE: frozenset({"faces", "dashboard"}),
    topics.COMPRESSED_IMAGE: frozenset({REPUBLISH}),
    topics.AUDIO: frozenset({"speech", "voice", "emotion", "dashboard"}),
    topics.FACES: frozenset(
        {CAMERA, "emotion", "gaze", "behaviour", "dashboard", "observer", MOOD, "speech", "voice"}
    ),
}
"""The robot's own readers of raw data; crops of faces are pictures too."""


@dataclass(frozen=True)
class NodeHealth:
    """Newest health report of a node; time in s of the observer's clock."""

    level: int
    message: str
    time: float


class PrivacyMonitor:
    """Attaches to a node and publishes the privacy state for it.

    Args:
        node: asks, listens and publishes.
        more_parts: gives parts that the node knows itself.
        clock: s, never set back.
    """

    def __init__(
        self,
        node: Node,
        more_parts: Callable[[], Iterable[PrivacyPart]] = lambda: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._more_parts = more_parts
        self._clock = clock
        self.since = clock()
        self._lock = threading.Lock()
        self._health: dict[str, NodeHealth] = {}
        self._parts: tuple[PrivacyPart, ...] = ()
        self._retention: dict[str, int] = {}
        self._retention_time = -_PARAMETERS_EVERY_SECONDS
        self.devices = {
            name: Device(node, name, clock, self.publish) for name in (CAMERA, MICROPHONE, HEAD)
        }
        self._mood_parameters = node.create_client(GetParameters, f"{MOOD}/get_parameters")
        self._publisher = node.create_publisher(Privacy, topics.PRIVACY, qos.STATUS)
        subscribe(node, DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, qos.STREAM)
        create_timer(node, _PERIOD_SECONDS, self._tick)

    @property
    def parts(self) -> tuple[PrivacyPart, ...]:
        """What was published last."""
        with self._lock:
            return self._parts

    @property
    def health(self) -> dict[str, NodeHealth]:
        """Newest health report of each node."""
        with self._lock:
            return dict(self._health)

    def publish(self) -> None:
        """Conclude and publish now."""
        parts = tuple(self._conclude())
        with self._lock:
            self._parts = parts
        message = Privacy(parts=[_part_message(part) for part in parts])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def _tick(self) -> None:
        for device in self.devices.values():
            device.ask()
        self._ask_retention()
        self.publish()

    def _conclude(self) -> Iterable[PrivacyPart]:
        now = self._clock()
        for name, topic in ((CAMERA, topics.IMAGE), (MICROPHONE, topics.AUDIO)):
            own = (name, REPUBLISH)
            others = tuple(node for node in self._publishers(topic) if node not in own)
            evidence = self.devices[name].evidence(self.since, others)
            yield sensor_part(name, evidence, now, self._receivers(topic))
        yield recording_part(
            now - self.since,
            {topic: self._subscribers(topic) for topic in _OWN_READERS},
            _OWN_READERS,
            RECORDER,
            recorder_runs=RECORDER in self._node.get_node_names(),
        )
        yield self._mood_part(now)
        yield network_part(os.environ)
        yield from self._more_parts()

    def _mood_part(self, now: float) -> PrivacyPart:
        if not self._mood_parameters.service_is_ready():
            if now - self.since < DISCOVERY_SECONDS:
                return PrivacyPart("mood_memory", PartState.UNKNOWN, "being looked for")
            return PrivacyPart(
                "mood_memory",
                PartState.ABSENT,
                "no mood memory runs",
                kept="what earlier runs have kept: see emotion-bot mood show",
            )
        with self._lock:
            days = [self._retention.get(name) for name in RETENTION_PARAMETERS]
        kept = "averages of expressions, no pictures and no sound"
        if None not in days:
            kept += f"; {days[0]} days, {days[1]} for persons who agreed to be kept by name"
        return PrivacyPart("mood_memory", PartState.ON, "keeps averages per minute", kept=kept)

    def _ask_retention(self) -> None:
        now = self._clock()
        if (
            now - self._retention_time < _PARAMETERS_EVERY_SECONDS
            or not self._mood_parameters.service_is_ready()
        ):
            return
        self._retention_time = now
        request = GetParameters.Request(names=list(RETENTION_PARAMETERS))
        self._mood_parameters.call_async(request).add_done_callback(self._on_retention)

    def _on_retention(self, future: Future) -> None:
        answer = future.result()
        if answer is None or len(answer.values) != len(RETENTION_PARAMETERS):
            return
        with self._lock:
            self._retention = {
                name: value.integer_value
                for name, value in zip(RETENTION_PARAMETERS, answer.values, strict=True)
                if value.integer_value > 0
            }

    def _receivers(self, topic: str) -> tuple[str, ...]:
        """Return who receives a sensor's data, also in parts."""
        whole = self._subscribers(topic)
        if topic != topics.IMAGE:
            return whole
        compressed = self._subscribers(topics.COMPRESSED_IMAGE)
        whole = tuple(sorted({*whole, *compressed} - {REPUBLISH}))
        crops = [node for node in self._subscribers(topics.FACES) if node not in whole]
        return (*whole, *(f"{node} (crops of faces)" for node in crops))

    def _publishers(self, topic: str) -> tuple[str, ...]:
        name = self._node.resolve_topic_name(topic)
        return _names(self._node.get_publishers_info_by_topic(name))

    def _subscribers(self, topic: str) -> tuple[str, ...]:
        name = self._node.resolve_topic_name(topic)
        return _names(self._node.get_subscriptions_info_by_topic(name))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now = self._clock()
        namespace = self._node.get_namespace().strip("/")
        for status in message.status:
            level = int.from_bytes(status.level, "little")
            with self._lock:
                self._health[status.name] = NodeHealth(level, status.message, now)
            prefix, _, name = status.name.rpartition("/")
            if prefix == namespace and name in self.devices:
                state = {pair.key: pair.value for pair in status.values}.get(capture_health.STATE)
                if state is not None:
                    self.devices[name].note_report(
                        DeviceReport(state in _OPEN_STATES, now, status.message)
                    )


def _names(endpoints: Iterable[TopicEndpointInfo]) -> tuple[str, ...]:
    names = {endpoint.node_name for endpoint in endpoints}
    # Data reaches an endpoint a moment before the name of its node is known.
    return tuple(sorted("a node without a name" if n == _NAME_UNKNOWN else n for n in names))


def _part_message(part: PrivacyPart) -> PrivacyPartMessage:
    return PrivacyPartMessage(
        name=part.name,
        state=int(part.state),
        detail=part.detail,
        goes_to=list(part.goes_to),
        kept=part.kept,
    )
