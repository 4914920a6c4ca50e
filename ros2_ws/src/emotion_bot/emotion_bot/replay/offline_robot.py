"""The robot's nodes in one process, driven by times that somebody else gives.

Messages take no time from node to node, and timers fire when the given time has come: so the answer
depends on the messages and their times alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion_bot_msgs.msg import Expression, Faces, HeadCommand, Posture
from sensor_msgs.msg import CameraInfo, JointState

from emotion_bot import topics
from emotion_bot.nodes import head as head_node
from emotion_bot.pipeline import emotion, faces, gaze
from emotion_bot.pipeline.head import HeadPipeline
from emotion_bot.replay.settings import node_values
from emotion_core.head.virtual import VirtualHead

Publish = Callable[[str, Any, int], None]
"""Takes a topic, a message and the time at which it was sent, ns."""

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class RobotSettings:
    """Values of the nodes' parameters by name.

    Attributes:
        faces: of the faces node.
        emotion: of the emotion node.
        gaze: of the gaze node.
        head: of the head node.
    """

    faces: Mapping[str, Any] = field(default_factory=dict)
    emotion: Mapping[str, Any] = field(default_factory=dict)
    gaze: Mapping[str, Any] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_files(cls, config: Path, *, camera_on_head: bool) -> RobotSettings:
        """Return the settings with which the robot would be started.

        Args:
            config: folder with the parameter files.
            camera_on_head: whether the camera turned with the head.

        Raises:
            ParameterError: if a file or a value in it is unusable.
        """
        return cls(
            node_values("faces", faces.PARAMETERS, config),
            node_values("emotion", emotion.PARAMETERS, config),
            node_values("gaze", gaze.PARAMETERS, config, {"camera_on_head": camera_on_head}),
            node_values("head", head_node.PARAMETERS, config),
        )


class _Timer:
    """Fires at whole multiples of its period after its start."""

    def __init__(self, start: int, period: float) -> None:
        self._start = start
        self._period = round(period * _NANOSECONDS)
        self._count = 1

    @property
    def due(self) -> int:
        """When it fires next, ns."""
        return self._start + self._count * self._period

    def fired(self) -> None:
        """Wait for the next time."""
        self._count += 1


class OfflineRobot:
    """Gaze and a virtual head; perception goes before it and may run ahead.

    Args:
        settings: of the nodes.
        publish: takes what the nodes publish.
        start: present time, ns.
        own_head: whether the gaze hears of the virtual head; false when the angles of the recorded
            one are given by `joint_state`.

    Attributes:
        rejections: how often something could not be used, by reason.
    """

    def __init__(
        self, settings: RobotSettings, publish: Publish, start: int, *, own_head: bool
    ) -> None:
        self._publish = publish
        self._own_head = own_head
        self._now = start
        self.rejections: Counter[str] = Counter()
        self._gaze = gaze.GazePipeline(settings.gaze)
        self._virtual_head = VirtualHead(self._seconds)
        self._virtual_head.open()
        self._head = HeadPipeline(self._virtual_head)
        # In this order when both are due: the gaze then knows the newest angles.
        self._timers = [
            (_Timer(start, 1.0 / settings.head["rate"]), self._report),
            (_Timer(start, self._gaze.period), self._tick),
        ]

    def head_pose_at(self, time: float) -> tuple[float, float]:
        """Return where the virtual head pointed at a time in s, as (pan, tilt) in rad."""
        return self._virtual_head.position_at(time)

    @property
    def now(self) -> int:
        """Present time, ns."""
        return self._now

    def advance(self, time: int) -> None:
        """Let everything happen that is due up to a time, ns; an earlier time changes nothing."""
        while True:
            timer, action = min(self._timers, key=lambda entry: entry[0].due)
            if timer.due > time:
                break
            self._now = timer.due
            timer.fired()
            action()
        self._now = max(self._now, time)

    def camera_info(self, message: CameraInfo) -> None:
        """Take the camera's calibration."""
        with self._rejecting("camera_info"):
            self._gaze.set_camera(message)

    def joint_state(self, message: JointState) -> None:
        """Take angles of the recorded head."""
        self._gaze.add_joint_state(message)

    def posture(self, message: Posture) -> None:
        """Take what the behaviour adds to the gaze."""
        with self._rejecting("posture"):
            self._gaze.set_posture(message, self._seconds())

    def faces(self, message: Faces, expressions: Sequence[Expression]) -> None:
        """Take the faces of a frame, and the expressions of those that were seen."""
        self._publish(topics.FACES, message, self._now)
        for expression in expressions:
            self._publish(topics.EXPRESSION, expression, self._now)
        with self._rejecting("faces"):
            target, command = self._gaze.process(message, self._seconds())
            self._command(command)
            self._publish(topics.GAZE_TARGET, target, self._now)

    def speaker(self, face_id: str) -> None:
        """Take who speaks."""
        self._gaze.speaker = face_id

    @contextmanager
    def _rejecting(self, what: str) -> Iterator[None]:
        """Pass over what cannot be used, as the nodes do."""
        try:
            yield
        except ValueError as error:
            self.rejections[f"{what}: {error}"] += 1

    def _seconds(self) -> float:
        return self._now / _NANOSECONDS

    def _tick(self) -> None:
        command = self._gaze.tick(self._seconds())
        if command is not None:
            self._command(command)

    def _command(self, command: HeadCommand) -> None:
        self._publish(topics.HEAD_COMMAND, command, self._now)
        self._head.command(command)

    def _report(self) -> None:
        angles, state = self._head.report()
        if angles is not None:
            self._publish(topics.JOINT_STATES, angles, self._now)
            if self._own_head:
                self._gaze.add_joint_state(angles)
        if state is not None:
            self._publish(topics.HEAD_STATE, state, self._now)
