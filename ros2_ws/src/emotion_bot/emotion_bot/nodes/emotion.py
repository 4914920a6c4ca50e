"""Emotion node: face crops, voice and words in, one expression per person and frame out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from emotion_bot_msgs.msg import Expression, Faces, Speech, Voice
from rclpy.node import Node
from std_msgs.msg import String

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.emotion import PARAMETERS, EmotionPipeline
from emotion_bot.subscriptions import subscribe
from emotion_core.inference.expression import ModelError

_Result = TypeVar("_Result")


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
        if self.pipeline.fusion_fault:
            self.get_logger().error(f"the face alone counts: {self.pipeline.fusion_fault}")
        self._speaker = ""
        self._publisher = self.create_publisher(Expression, topics.EXPRESSION, qos.STREAM_PUBLISHER)
        self._speakers = self.create_publisher(String, topics.SPEAKER, qos.STATUS)
        self._speakers.publish(String())
        subscribe(self, Faces, topics.FACES, self._on_faces, qos.STREAM)
        subscribe(self, Voice, topics.VOICE, self._on_voice, qos.STREAM)
        subscribe(self, Speech, topics.SPEECH, self._on_speech, qos.STREAM)
        self._diagnostics = Diagnostics(self, self.pipeline.model_path.name, self._health)

    def _on_faces(self, message: Faces) -> None:
        expressions = self._accept("crops", lambda: self.pipeline.process(message))
        if expressions is None:
            return
        for expression in expressions:
            self._publisher.publish(expression)
        self._expressions += len(expressions)
        if expressions:
            self._rejection = ""
        if self.pipeline.speaker != self._speaker:
            self._speaker = self.pipeline.speaker
            self._speakers.publish(String(data=self._speaker))

    def _on_voice(self, message: Voice) -> None:
        self._accept("voice", lambda: self.pipeline.hear_voice(message))

    def _on_speech(self, message: Speech) -> None:
        self._accept("words", lambda: self.pipeline.hear_words(message))

    def _accept(self, what: str, take: Callable[[], _Result]) -> _Result | None:
        """Return what came of a message; a bad one is named and passed over."""
        try:
            return take()
        except ValueError as error:
            self._rejection = f"{what} rejected: {error}"
            self.get_logger().error(self._rejection, throttle_duration_sec=5.0)
            return None

    def _health(self) -> Health:
        values = {"expressions": self._expressions, "model": self.pipeline.model_version}
        if self._rejection:
            return Level.ERROR, self._rejection, values
        if self.pipeline.fusion_fault:
            return Level.WARN, f"the face alone counts: {self.pipeline.fusion_fault}", values
        return Level.OK, f"{self._expressions} expressions", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(EmotionNode, arguments))


if __name__ == "__main__":
    main()
