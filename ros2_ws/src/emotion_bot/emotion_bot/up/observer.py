"""The node inside `emotion-bot up` that watches the topics for the live view and the report."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Expression, Faces, GazeTarget, HeadCommand, HeadState
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, JointState

from emotion_bot import capture_health, joints, qos, topics
from emotion_bot.stamps import nanoseconds_from_stamp, seconds_from_stamp
from emotion_bot.subscriptions import subscribe
from emotion_core.affect import LABELS, Emotion
from emotion_core.replay.run_statistics import RunStatistics


@dataclass(frozen=True)
class Snapshot:
    """What the live view shows; angles in rad, latency in ms, NaN where unknown."""

    frame_rate: float = math.nan
    faces: int = 0
    followed: str = ""
    label: str = ""
    affect: str = ""
    probabilities: tuple[float, ...] = (0.0,) * len(LABELS)
    valence: float = math.nan
    arousal: float = math.nan
    pan: float = math.nan
    tilt: float = math.nan
    latency: float = math.nan
    troubles: tuple[str, ...] = ()
    source_ended: bool = False
    health: dict[str, tuple[bytes, str]] = field(default_factory=dict)


def _passing_over(callback: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a callback that leaves out what makes no sense; whoever sent it may be no robot."""

    def guarded(message: Any) -> None:
        with contextlib.suppress(ArithmeticError, LookupError, ValueError):
            callback(message)

    return guarded


class Observer(Node):
    """Counts everything; its subscriptions are deep enough to miss nothing while the view draws."""

    def __init__(self, namespace: str = "") -> None:
        super().__init__("observer", namespace=namespace or None)
        self.statistics = RunStatistics()
        self._lock = threading.Lock()
        self._snapshot = Snapshot()
        for message_type, topic, callback in (
            (CameraInfo, topics.CAMERA_INFO, self._on_camera_info),
            (Faces, topics.FACES, self._on_faces),
            (Expression, topics.EXPRESSION, self._on_expression),
            (GazeTarget, topics.GAZE_TARGET, self._on_gaze_target),
            (HeadCommand, topics.HEAD_COMMAND, self._on_head_command),
            (HeadState, topics.HEAD_STATE, self._on_head_state),
            (JointState, topics.JOINT_STATES, self._on_joint_states),
            (DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics),
        ):
            subscribe(self, message_type, topic, _passing_over(callback), qos.OBSERVER)

    @property
    def reporting(self) -> set[str]:
        """Names of the nodes that have said how they are, which they do when they are ready."""
        with self._lock:
            return {name.rpartition("/")[2] for name in self._snapshot.health}

    def snapshot(self) -> Snapshot:
        """Return the newest state, with rates as of now."""
        with self._lock:
            return replace(
                self._snapshot,
                frame_rate=self.statistics.frame_rate(self._now()),
                latency=self.statistics.latest_latency_ms("capture_to_expression"),
            )

    def report(self, duration: float) -> dict[str, object]:
        """Return the figures of the run so far."""
        with self._lock:
            return self.statistics.report(duration, self._now())

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _update(self, **changes: object) -> None:
        self._snapshot = replace(self._snapshot, **changes)

    def _on_camera_info(self, message: CameraInfo) -> None:
        with self._lock:
            self.statistics.frame_captured(
                nanoseconds_from_stamp(message.header.stamp), self._now()
            )

    def _on_faces(self, message: Faces) -> None:
        with self._lock:
            self.statistics.faces_found(
                nanoseconds_from_stamp(message.header.stamp), len(message.faces), self._now()
            )
            self._update(faces=len(message.faces))

    def _on_expression(self, message: Expression) -> None:
        label = Emotion.from_rep155(message.expression).value
        with self._lock:
            self.statistics.expression_read(
                nanoseconds_from_stamp(message.header.stamp), label, self._now()
            )
            if self._snapshot.followed in ("", message.face_id):
                self._update(
                    label=label,
                    affect=message.affect,
                    probabilities=tuple(map(float, message.probabilities)),
                    valence=message.valence,
                    arousal=message.arousal,
                )

    def _on_gaze_target(self, message: GazeTarget) -> None:
        with self._lock:
            self._update(followed=message.face_id)

    def _on_head_command(self, message: HeadCommand) -> None:
        with self._lock:
            self.statistics.head_commanded(
                nanoseconds_from_stamp(message.header.stamp), self._now()
            )

    def _on_head_state(self, message: HeadState) -> None:
        with self._lock:
            self.statistics.head_reported(
                nanoseconds_from_stamp(message.acked_command_stamp),
                seconds_from_stamp(message.acked_time),
                message.commands_sent,
                message.commands_acked,
                message.commands_lost,
            )

    def _on_joint_states(self, message: JointState) -> None:
        position = joints.position(message)
        if position is None:
            return
        with self._lock:
            self.statistics.pan_measured(position[0])
            self._update(pan=position[0], tilt=position[1])

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        with self._lock:
            health = dict(self._snapshot.health)
            for status in message.status:
                health[status.name] = (status.level, status.message)
                self._read_camera_counters(status)
            troubles = tuple(
                f"{name}: {text}"
                for name, (level, text) in health.items()
                if level != DiagnosticStatus.OK
            )
            self._update(health=health, troubles=troubles)

    def _read_camera_counters(self, status: DiagnosticStatus) -> None:
        values = {value.key: value.value for value in status.values}
        if capture_health.DROPPED in values:
            self.statistics.frames_dropped_by_camera = int(values[capture_health.DROPPED])
            self._update(source_ended=values.get(capture_health.STATE) == capture_health.ENDED)
