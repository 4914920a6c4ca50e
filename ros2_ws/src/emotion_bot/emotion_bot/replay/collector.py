"""Turning what a robot publishes into the record that checks are made on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import Expression, Faces, GazeTarget, HeadCommand, HeadState
from sensor_msgs.msg import JointState

from emotion_bot import joints, topics
from emotion_bot.stamps import nanoseconds_from_stamp
from emotion_core.affect import Emotion
from emotion_core.replay.run_record import (
    Acknowledgement,
    Command,
    Diagnostic,
    DiagnosticLevel,
    FaceExpression,
    FrameFaces,
    Gaze,
    HeadAngles,
    RunRecord,
)

COLLECTED: dict[str, type] = {
    topics.FACES: Faces,
    topics.EXPRESSION: Expression,
    topics.GAZE_TARGET: GazeTarget,
    topics.HEAD_COMMAND: HeadCommand,
    topics.HEAD_STATE: HeadState,
    topics.JOINT_STATES: JointState,
    topics.DIAGNOSTICS: DiagnosticArray,
}
"""Type by topic of everything that a record is made of."""

Delay = Callable[[int, int], float]
"""From a frame's stamp and the arrival of its answer, both ns, to the delay between them, s."""


def arrival_delay(stamp: int, arrival: int) -> float:
    """Return the delay when stamps and arrivals are on one clock."""
    return (arrival - stamp) * 1e-9


def no_delay(_stamp: int, _arrival: int) -> float:
    """Return that nothing was measured, as in a replay that takes no time."""
    return math.nan


class Collector:
    """Collects one run. Not thread-safe.

    Args:
        delay: how delays are measured.
        origin: time that becomes zero, ns; None for the stamp of the first frame.
    """

    def __init__(self, delay: Delay, origin: int | None = None) -> None:
        self._delay = delay
        self._origin = origin
        self._record = RunRecord()
        self._early: list[tuple[str, Any, int]] = []
        self._acked = 0
        self._takers: dict[str, Callable[[Any, int], None]] = {
            topics.FACES: self._take_faces,
            topics.EXPRESSION: self._take_expression,
            topics.GAZE_TARGET: self._take_gaze_target,
            topics.HEAD_COMMAND: self._take_head_command,
            topics.HEAD_STATE: self._take_head_state,
            topics.JOINT_STATES: self._take_joint_state,
            topics.DIAGNOSTICS: self._take_diagnostics,
        }

    def take(self, topic: str, message: Any, arrival: int) -> None:
        """Take a message of a relative topic.

        Args:
            topic: of `COLLECTED`, or any other, which then only counts for its rate.
            message: of the topic's type.
            arrival: when it came, ns.
        """
        if self._origin is None:
            if topic != topics.FACES:
                # What comes before the first frame has a time only once that is known.
                self._early.append((topic, message, arrival))
                return
            self._origin = nanoseconds_from_stamp(message.header.stamp)
            for earlier in self._early:
                self._take(*earlier)
        self._take(topic, message, arrival)

    def finish(self) -> RunRecord:
        """Return the record; nothing may be taken after that."""
        if self._origin is None:
            self._origin = self._early[0][2] if self._early else 0
            for earlier in self._early:
                self._take(*earlier)
        record = self._record
        for entries in (record.faces, record.expressions, record.gaze, record.head):
            entries.sort(key=lambda entry: entry.time)
        return record

    def _take(self, topic: str, message: Any, arrival: int) -> None:
        time = self._seconds(arrival)
        self._record.duration = max(self._record.duration, time)
        self._record.arrivals.setdefault(topic.lstrip("/"), []).append(time)
        if topic in self._takers:
            self._takers[topic](message, arrival)

    def _seconds(self, time: int) -> float:
        assert self._origin is not None  # noqa: S101
        return (time - self._origin) * 1e-9

    def _of(self, message: Any, arrival: int) -> tuple[float, float]:
        """Return the time of the frame behind a message, and the delay since."""
        stamp = nanoseconds_from_stamp(message.header.stamp)
        return self._seconds(stamp), self._delay(stamp, arrival)

    def _take_faces(self, message: Faces, arrival: int) -> None:
        time, delay = self._of(message, arrival)
        self._record.faces.append(FrameFaces(time, tuple(f.id for f in message.faces), delay))

    def _take_expression(self, message: Expression, arrival: int) -> None:
        time, delay = self._of(message, arrival)
        label = Emotion.from_rep155(message.expression).value
        self._record.expressions.append(
            FaceExpression(time, message.face_id, label, message.confidence, delay)
        )

    def _take_gaze_target(self, message: GazeTarget, arrival: int) -> None:
        time, _ = self._of(message, arrival)
        self._record.gaze.append(Gaze(time, message.face_id, message.pan, message.tilt))

    def _take_head_command(self, message: HeadCommand, arrival: int) -> None:
        time, delay = self._of(message, arrival)
        self._record.commands.append(
            Command(time, self._seconds(arrival), message.pan, message.tilt, delay)
        )

    def _take_head_state(self, message: HeadState, _arrival: int) -> None:
        stamp = nanoseconds_from_stamp(message.acked_command_stamp)
        if stamp <= self._acked:
            return
        self._acked = stamp
        delay = self._delay(stamp, nanoseconds_from_stamp(message.acked_time))
        self._record.acknowledgements.append(Acknowledgement(self._seconds(stamp), delay))

    def _take_joint_state(self, message: JointState, _arrival: int) -> None:
        position = joints.position(message)
        if position is not None:
            time = self._seconds(nanoseconds_from_stamp(message.header.stamp))
            self._record.head.append(HeadAngles(time, *position))

    def _take_diagnostics(self, message: DiagnosticArray, arrival: int) -> None:
        time = self._seconds(arrival)
        self._record.diagnostics += [
            Diagnostic(
                time,
                status.name.rsplit("/", 1)[-1],
                DiagnosticLevel(min(int.from_bytes(status.level, "little"), DiagnosticLevel.STALE)),
                status.message,
            )
            for status in message.status
        ]
