"""Emotion node: face crops in, one smoothed expression per person and frame out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from emotion_bot_msgs.msg import Expression, Faces
from emotion_core.inference.expression import ExpressionModel, ModelError
from emotion_core.inference.smoothing import PeopleSmoother, SmoothingParameters
from emotion_core.resources import models_directory
from rclpy.node import Node

from emotion_bot import images, people, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare

_DEFAULTS = SmoothingParameters()
_FACE_ONLY = (1.0, 0.0, 0.0)

PARAMETERS = (
    Parameter("face_model", "", "Path of the face model; empty for the shipped one."),
    Parameter("threads", 1, "Threads of the network.", 1, 16),
    Parameter(
        "smoothing_time_constant",
        _DEFAULTS.time_constant,
        "Time constant of the low-pass over scores, s.",
        0.0,
        0.4,
    ),
    Parameter(
        "smoothing_margin",
        _DEFAULTS.margin,
        "Lead in probability that another label needs to replace the present one.",
        0.0,
        0.5,
    ),
)


class EmotionNode(Node):
    """Scores all crops of a frame in one batch."""

    def __init__(self) -> None:
        super().__init__("emotion")
        values = declare(self, PARAMETERS)
        self._people = PeopleSmoother(
            SmoothingParameters(
                time_constant=values["smoothing_time_constant"], margin=values["smoothing_margin"]
            )
        )
        try:
            path = Path(values["face_model"] or models_directory() / "face.onnx")
            self._model = ExpressionModel(path, values["threads"])
        except (ModelError, FileNotFoundError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._expressions = 0
        self._rejection = ""
        self._publisher = self.create_publisher(Expression, topics.EXPRESSION, qos.STREAM)
        self.create_subscription(Faces, topics.FACES, self._on_faces, qos.STREAM)
        self._diagnostics = Diagnostics(self, path.name, self._health)

    def _on_faces(self, message: Faces) -> None:
        seen = [face for face in message.faces if face.crop.width > 0]
        if not seen:
            return
        try:
            crops = np.stack([images.array_from_image(face.crop) for face in seen])
            scores = self._model.predict(crops)
        except ValueError as error:
            self._rejection = str(error)
            self.get_logger().error(f"crops rejected: {error}", throttle_duration_sec=5.0)
            return
        time = stamps.seconds_from_stamp(message.header.stamp)
        for face, probabilities, valence_arousal in zip(
            seen, scores.probabilities, scores.valence_arousal, strict=True
        ):
            expression = self._people.update(face.id, probabilities, valence_arousal, time)
            self._publisher.publish(
                people.expression_message(expression, face.id, message.header, _FACE_ONLY)
            )
        self._expressions += len(seen)
        self._rejection = ""

    def _health(self) -> Health:
        values = {"expressions": self._expressions, "model": self._model.metadata.get("version")}
        if self._rejection:
            return Level.ERROR, f"crops rejected: {self._rejection}", values
        return Level.OK, f"{self._expressions} expressions", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(EmotionNode, arguments))


if __name__ == "__main__":
    main()
