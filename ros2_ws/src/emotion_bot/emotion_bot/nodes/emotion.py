"""Emotion node: face crops in, one smoothed expression per person and frame out."""

from __future__ import annotations

import sys

from emotion_bot_msgs.msg import Expression, Faces
from rclpy.node import Node

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.emotion import PARAMETERS, EmotionPipeline
from emotion_core.inference.expression import ModelError


class EmotionNode(Node):
    """Publishes one expression for every face that is seen in a frame."""

    def __init__(self) -> None:
        super().__init__("emotion")
        values = declare(self, PARAMETERS)
        try:
            self.pipeline = EmotionPipeline(values)
        except (ModelError, FileNotFoundError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._expressions = 0
        self._rejection = ""
        self._publisher = self.create_publisher(Expression, topics.EXPRESSION, qos.STREAM)
        self.create_subscription(Faces, topics.FACES, self._on_faces, qos.STREAM)
        self._diagnostics = Diagnostics(self, self.pipeline.model_path.name, self._health)

    def _on_faces(self, message: Faces) -> None:
        try:
            expressions = self.pipeline.process(message)
        except ValueError as error:
            self._rejection = str(error)
            self.get_logger().error(f"crops rejected: {error}", throttle_duration_sec=5.0)
            return
        for expression in expressions:
            self._publisher.publish(expression)
        self._expressions += len(expressions)
        if expressions:
            self._rejection = ""

    def _health(self) -> Health:
        values = {"expressions": self._expressions, "model": self.pipeline.model_version}
        if self._rejection:
            return Level.ERROR, f"crops rejected: {self._rejection}", values
        return Level.OK, f"{self._expressions} expressions", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(EmotionNode, arguments))


if __name__ == "__main__":
    main()
