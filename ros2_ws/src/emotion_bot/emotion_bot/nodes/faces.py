"""Faces node: camera frames in, tracked faces with aligned crops out."""

from __future__ import annotations

import secrets
import sys

from emotion_bot_msgs.msg import Faces
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_bot import images, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.faces import PARAMETERS, FacesPipeline
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.freshness import FreshnessGate


class FacesNode(Node):
    """Answers every frame it has time for, up to a rate; under load it passes over stale ones."""

    def __init__(self) -> None:
        super().__init__("faces")
        values = declare(self, PARAMETERS)
        self._freshness = FreshnessGate(
            values["maximum_age"], qos.IMAGE_SUBSCRIBER.depth - 1, values["maximum_rate"]
        )
        self._frames = 0
        self._rejected = 0
        self._faces_in_view = 0
        self._rejection = ""
        try:
            self.pipeline = FacesPipeline(values, id_prefix=_run_prefix())
        except DetectorError as error:
            raise runner.ConfigurationError(str(error)) from error
        self._publisher = self.create_publisher(Faces, topics.FACES, qos.STREAM_PUBLISHER)
        self.create_subscription(Image, topics.IMAGE, self._on_image, qos.IMAGE_SUBSCRIBER)
        self._diagnostics = Diagnostics(self, values["detector"], self._health)

    def _on_image(self, message: Image) -> None:
        captured = stamps.seconds_from_stamp(message.header.stamp)
        if not self._freshness.admits(captured, self.get_clock().now().nanoseconds * 1e-9):
            return
        try:
            faces = self.pipeline.process(images.bgr_from_image(message), message.header)
        except ValueError as error:
            self._rejected += 1
            self._rejection = str(error)
            self.get_logger().error(f"frame rejected: {error}", throttle_duration_sec=5.0)
            return
        self._publisher.publish(faces)
        self._frames += 1
        self._faces_in_view = len(faces.faces)
        self._rejection = ""

    def _health(self) -> Health:
        values = {
            "frames": self._frames,
            "frames_rejected": self._rejected,
            "frames_passed_over": self._freshness.passed_over,
            "faces_in_view": self._faces_in_view,
        }
        if self._rejection:
            return Level.ERROR, f"frame rejected: {self._rejection}", values
        if self._frames == 0:
            return Level.WARN, f"no frame yet on {topics.IMAGE}", values
        return Level.OK, f"{self._faces_in_view} in view", values


def _run_prefix() -> str:
    """Return a prefix of its own, since a restarted tracker counts its faces from one again."""
    return f"{secrets.token_hex(2)}-"


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(FacesNode, arguments))


if __name__ == "__main__":
    main()
