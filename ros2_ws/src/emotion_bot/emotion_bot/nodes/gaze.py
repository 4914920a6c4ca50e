"""Gaze node: tracked faces in, set-points of the head out."""

from __future__ import annotations

import sys

from emotion_bot_msgs.msg import Faces, GazeTarget, HeadCommand, Posture
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import String

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.gaze import PARAMETERS, GazePipeline
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer


class GazeNode(Node):
    """Answers every frame with a set-point, and fills the gaps between frames."""

    def __init__(self) -> None:
        super().__init__("gaze")
        values = declare(self, PARAMETERS)
        self.pipeline = GazePipeline(values)
        self._targets = self.create_publisher(GazeTarget, topics.GAZE_TARGET, qos.STREAM_PUBLISHER)
        self._commands = self.create_publisher(
            HeadCommand, topics.HEAD_COMMAND, qos.STREAM_PUBLISHER
        )
        subscribe(self, CameraInfo, topics.CAMERA_INFO, self._on_camera_info, qos.IMAGE_SUBSCRIBER)
        subscribe(self, JointState, topics.JOINT_STATES, self.pipeline.add_joint_state, qos.STREAM)
        subscribe(self, Posture, topics.POSTURE, self._on_posture, qos.SET_POINT)
        subscribe(self, String, topics.FOLLOW, self._on_wish, qos.STATUS)
        subscribe(self, String, topics.SPEAKER, self._on_speaker, qos.STATUS)
        subscribe(self, Faces, topics.FACES, self._on_faces, qos.STREAM)
        create_timer(self, self.pipeline.period, self._on_timer)
        self._diagnostics = Diagnostics(self, values["policy"], self._health)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _on_camera_info(self, message: CameraInfo) -> None:
        try:
            self.pipeline.set_camera(message)
        except ValueError as error:
            self.get_logger().error(f"camera_info rejected: {error}", throttle_duration_sec=5.0)

    def _on_posture(self, message: Posture) -> None:
        try:
            self.pipeline.set_posture(message, self._now())
        except ValueError as error:
            self.get_logger().error(f"posture rejected: {error}", throttle_duration_sec=5.0)

    def _on_wish(self, message: String) -> None:
        self.pipeline.wish = message.data

    def _on_speaker(self, message: String) -> None:
        self.pipeline.speaker = message.data

    def _on_faces(self, message: Faces) -> None:
        try:
            target, command = self.pipeline.process(message, self._now())
        except ValueError as error:
            self.get_logger().error(f"faces rejected: {error}", throttle_duration_sec=5.0)
            return
        self._commands.publish(command)
        self._targets.publish(target)

    def _on_timer(self) -> None:
        command = self.pipeline.tick(self._now())
        if command is not None:
            self._commands.publish(command)

    def _health(self) -> Health:
        state = self.pipeline.state.name.lower()
        if not self.pipeline.knows_camera:
            return Level.WARN, f"no camera_info yet on {topics.CAMERA_INFO}", {"state": state}
        return Level.OK, state, {"state": state}


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(GazeNode, arguments))


if __name__ == "__main__":
    main()
