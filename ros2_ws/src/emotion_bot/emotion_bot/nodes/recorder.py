"""Recorder node: topics in, a bag out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import (
    Audio,
    Expression,
    Faces,
    GazeTarget,
    HeadCommand,
    HeadState,
    Posture,
    Speech,
    Voice,
)
from rcl_interfaces.msg import ParameterType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from emotion_bot import runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.replay.bag_inputs import CAMERA_ON_HEAD
from emotion_bot.replay.names import message_class, ros_type_name
from emotion_bot.replay.qos_metadata import offered_qos
from emotion_bot.replay.recording import Recording
from emotion_bot.timers import create_timer
from emotion_core.replay.bag_metadata import BagError, Topic
from emotion_core.replay.bag_writer import BagOptions, BagWriter
from emotion_core.replay.message_types import MessageTypes

ALL_TOPICS = "all"
CONSENT = "consent"
"""Property of a bag: ``given`` if everybody in view agreed; missing if nobody is shown."""

KNOWN_TOPICS: dict[str, type] = {
    topics.IMAGE: Image,
    topics.CAMERA_INFO: CameraInfo,
    topics.FACES: Faces,
    topics.AUDIO: Audio,
    topics.VOICE: Voice,
    topics.SPEECH: Speech,
    topics.EXPRESSION: Expression,
    topics.GAZE_TARGET: GazeTarget,
    topics.POSTURE: Posture,
    topics.HEAD_COMMAND: HeadCommand,
    topics.HEAD_STATE: HeadState,
    topics.JOINT_STATES: JointState,
    topics.DIAGNOSTICS: DiagnosticArray,
}
"""Recorded by default, and from their first message on."""

PARAMETERS = (
    Parameter("directory", "", "Folder of the bag; it is created."),
    Parameter("topics", "", "Topics, separated by commas; empty for the robot's own, or all."),
    Parameter("consent", False, "Everybody who may be seen or heard has agreed to be recorded."),
    Parameter("images", "jpeg", "How images are written.", choices=("jpeg", "raw")),
    Parameter("jpeg_quality", 90, "Quality of JPEG images.", 1, 100),
    Parameter("file_size_mb", 512, "A file of this size is followed by the next, MiB.", 1, 65536),
    Parameter("size_limit_mb", 0, "Size limit of the bag, MiB; 0 for none.", 0, 1 << 30),
    Parameter(
        "at_limit", "stop", "What happens at the size limit.", choices=("stop", "drop_oldest")
    ),
    Parameter("minimum_free_mb", 256, "Space that is left on the disk, MiB.", 0, 1 << 30),
    Parameter("flush_period", 0.5, "Time between two writes to the disk, s.", 0.05, 10.0),
    Parameter("resume", False, "Go on with a bag that is there."),
    Parameter("duration", 0.0, "Seconds to record; 0 until it is stopped.", 0.0, 1e9),
)

_MEBIBYTE = 1 << 20
_DISCOVERY_PERIOD_SECONDS = 0.5
_GAZE_NODE = "gaze"
_WAITING_IMAGES = 60
_WAITING_MESSAGES = 1000


@dataclass
class _Source:
    """A topic that is recorded."""

    type_name: str
    profile: QoSProfile
    subscription: Subscription


class RecorderNode(Node):
    """Writes topics to a bag; images as JPEG unless asked otherwise.

    Attributes:
        recording: the bag being written.
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        values = declare(self, PARAMETERS)
        self._types = MessageTypes()
        self._consent: bool = values["consent"]
        self._compress = values["images"] == "jpeg"
        self._lost = 0
        self._refused: dict[str, str] = {}
        self._sources: dict[str, _Source] = {}
        chosen = [name.strip() for name in values["topics"].split(",") if name.strip()]
        self._everything = chosen == [ALL_TOPICS]
        relative = list(KNOWN_TOPICS) if not chosen or self._everything else chosen
        self._wanted = {self.resolve_topic_name(name): name for name in relative}
        self._require_consent()
        try:
            bag = BagWriter(
                Path(values["directory"] or _missing("directory")),
                BagOptions(
                    file_size=values["file_size_mb"] * _MEBIBYTE,
                    size_limit=values["size_limit_mb"] * _MEBIBYTE,
                    drop_oldest=values["at_limit"] == "drop_oldest",
                    minimum_free=values["minimum_free_mb"] * _MEBIBYTE,
                    properties={CONSENT: "given"} if self._consent else {},
                ),
                resume=values["resume"],
            )
        except (BagError, OSError) as error:
            raise runner.ConfigurationError(f"cannot record: {error}") from error
        self._bag_path = bag.path
        self.recording = Recording(bag, values["flush_period"], values["jpeg_quality"])
        for name, given in self._wanted.items():
            if given in KNOWN_TOPICS:
                type_name = ros_type_name(KNOWN_TOPICS[given])
                self._subscribe(name, type_name, _profile(type_name))
        create_timer(self, _DISCOVERY_PERIOD_SECONDS, self._discover)
        if values["duration"] > 0:
            create_timer(self, values["duration"], self._finish)
        self._gaze_parameters = AsyncParameterClient(self, _GAZE_NODE)
        self._asked: Future | None = None
        self._diagnostics = Diagnostics(self, str(bag.path), self._health)
        self.get_logger().info(f"recording to {bag.path}")

    def close(self) -> None:
        """Write what waits and close the bag; safe to call twice."""
        self.recording.close()

    def _require_consent(self) -> None:
        shown = [
            name
            for name, given in self._wanted.items()
            if given in KNOWN_TOPICS
            and self._types.shows_people(ros_type_name(KNOWN_TOPICS[given]))
        ]
        if shown and not self._consent:
            raise runner.ConfigurationError(
                f"recording {', '.join(shown)} needs the consent of everybody in view and hearing: "
                "say so with --consent (parameter consent), or choose other topics"
            )

    def _finish(self) -> None:
        self.close()
        rclpy.try_shutdown(context=self.context)

    def _discover(self) -> None:
        for name, type_names in self.get_topic_names_and_types():
            wanted = self._everything or name in self._wanted
            if wanted and name not in self._sources and name not in self._refused:
                self._start(name, type_names[0])
        for name, source in self._sources.items():
            profile = self._fitting_profile(name, source.type_name)
            if profile is not None and _differ(profile, source.profile):
                self.destroy_subscription(source.subscription)
                self._subscribe(name, source.type_name, profile)
        self._ask_gaze()

    def _start(self, name: str, type_name: str) -> None:
        try:
            shows_people = self._types.shows_people(type_name)
            self._types.require(type_name)
            message_class(type_name)
        except LookupError as error:
            self._refuse(name, str(error))
            return
        if shows_people and not self._consent:
            self._refuse(name, "needs the consent of everybody in view and hearing")
            return
        profile = self._fitting_profile(name, type_name) or _profile(type_name)
        self._subscribe(name, type_name, profile)

    def _refuse(self, name: str, reason: str) -> None:
        self._refused[name] = reason
        self.get_logger().warning(f"{name} is not recorded: {reason}")

    def _fitting_profile(self, name: str, type_name: str) -> QoSProfile | None:
        """Return the strictest profile that all publishers of a topic offer; None without any."""
        offered = [info.qos_profile for info in self.get_publishers_info_by_topic(name)]
        if not offered:
            return None
        return _profile(
            type_name,
            reliable=all(p.reliability == ReliabilityPolicy.RELIABLE for p in offered),
            lasting=all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in offered),
        )

    def _subscribe(self, name: str, type_name: str, profile: QoSProfile) -> None:
        subscription = self.create_subscription(
            message_class(type_name),
            name,
            self._taker(name, type_name),
            profile,
            raw=True,
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost),
        )
        self._sources[name] = _Source(type_name, profile, subscription)

    def _taker(self, name: str, type_name: str) -> Callable[[bytes, dict[str, int]], None]:
        compress = self._compress and type_name == ros_type_name(Image)
        topic: Topic | None = None

        def take(data: bytes, info: dict[str, int]) -> None:
            nonlocal topic
            now = self.get_clock().now().nanoseconds
            if topic is None:
                topic = self._topic(name, type_name, compress)
            received = info.get("received_timestamp") or now
            sent = info.get("source_timestamp") or received
            self.recording.take(topic, compress, data, received, sent)

        return take

    def _topic(self, name: str, type_name: str, compress: bool) -> Topic:
        if compress:
            written, written_type = name + topics.COMPRESSED_SUFFIX, ros_type_name(CompressedImage)
        else:
            written, written_type = name, type_name
        profiles: Sequence[QoSProfile] = [
            info.qos_profile for info in self.get_publishers_info_by_topic(name)
        ]
        return Topic(
            written,
            written_type,
            self._types.definition(written_type),
            self._types.hash(written_type),
            [offered_qos(profile) for profile in profiles],
        )

    def _on_lost(self, event: object) -> None:
        self._lost += int(getattr(event, "total_count_change", 0))

    def _ask_gaze(self) -> None:
        """Note whether the camera turns with the head, once somebody knows."""
        if self._asked is None and self._gaze_parameters.services_are_ready():
            self._asked = self._gaze_parameters.get_parameters([CAMERA_ON_HEAD])
            self._asked.add_done_callback(self._on_answer)

    def _on_answer(self, future: Future) -> None:
        response = future.result()
        if response is None or not response.values:
            return
        value = response.values[0]
        if value.type == ParameterType.PARAMETER_BOOL:
            self.recording.note(CAMERA_ON_HEAD, str(value.bool_value).lower())

    def _health(self) -> Health:
        status = self.recording.status
        values = {
            "messages": status.written,
            "dropped": status.dropped,
            "lost_before_arrival": self._lost,
            "size_mb": round(status.size / _MEBIBYTE, 1),
            "topics": len(self._sources),
            "not_recorded": ", ".join(sorted(self._refused)),
        }
        if status.trouble:
            return (Level.WARN if status.ended else Level.ERROR), status.trouble, values
        if status.dropped or self._lost:
            lost = status.dropped + self._lost
            return Level.WARN, f"{lost} messages are missing in the bag", values
        return Level.OK, f"recording to {self._bag_path}", values


def _profile(type_name: str, *, reliable: bool = True, lasting: bool = False) -> QoSProfile:
    image = type_name == ros_type_name(Image)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=_WAITING_IMAGES if image else _WAITING_MESSAGES,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if lasting else DurabilityPolicy.VOLATILE,
    )


def _differ(one: QoSProfile, other: QoSProfile) -> bool:
    return (one.reliability, one.durability) != (other.reliability, other.durability)


def _missing(name: str) -> str:
    raise runner.ConfigurationError(f"parameter recorder.{name} is missing")


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(RecorderNode, arguments))


if __name__ == "__main__":
    main()
