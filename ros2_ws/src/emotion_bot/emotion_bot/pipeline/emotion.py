"""Face crops in, one smoothed expression per person and frame out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from emotion_bot_msgs.msg import Expression, Face, Faces

from emotion_bot import images, people, stamps
from emotion_bot.parameters import Parameter
from emotion_core.inference.expression import ExpressionModel, ExpressionScores
from emotion_core.inference.smoothing import PeopleSmoother, SmoothingParameters
from emotion_core.resources import models_directory

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


class EmotionPipeline:
    """Scores all crops of a frame in one batch.

    Args:
        values: of `PARAMETERS`, by name.

    Raises:
        ModelError: if the face model is missing or damaged.
        FileNotFoundError: if there is no folder with models.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._people = PeopleSmoother(
            SmoothingParameters(
                time_constant=values["smoothing_time_constant"], margin=values["smoothing_margin"]
            )
        )
        self.model_path = Path(values["face_model"] or models_directory() / "face.onnx")
        self._model = ExpressionModel(self.model_path, values["threads"])

    @property
    def model_version(self) -> str | None:
        """What the model file says about itself."""
        return self._model.metadata.get("version")

    def process(self, message: Faces) -> list[Expression]:
        """Return the expressions of the faces that were seen in this frame, in their order.

        Raises:
            ValueError: if a crop cannot be read or has another size than the model takes.
        """
        return self.smooth(message, self.score([message])[0])

    def score(self, messages: Sequence[Faces]) -> list[ExpressionScores]:
        """Return the scores of the faces that were seen, for each of several frames, in one batch.

        Nothing is remembered, so that frames may be scored ahead of their turn.

        Raises:
            ValueError: if a crop cannot be read or has another size than the model takes.
        """
        crops = [images.array_from_image(face.crop) for m in messages for face in _seen(m)]
        side = self._model.crop_size
        scores = self._model.predict(np.stack(crops) if crops else np.empty((0, side, side), "u1"))
        ends = np.cumsum([0, *(len(_seen(message)) for message in messages)])
        return [
            ExpressionScores(
                scores.probabilities[start:end],
                scores.valence_arousal[start:end],
                scores.embedding[start:end],
            )
            for start, end in pairwise(ends)
        ]

    def smooth(self, message: Faces, scores: ExpressionScores) -> list[Expression]:
        """Return the expressions that follow from the scores of the next frame."""
        time = stamps.seconds_from_stamp(message.header.stamp)
        return [
            people.expression_message(
                self._people.update(face.id, probabilities, valence_arousal, time),
                face.id,
                message.header,
                _FACE_ONLY,
            )
            for face, probabilities, valence_arousal in zip(
                _seen(message), scores.probabilities, scores.valence_arousal, strict=True
            )
        ]


def _seen(message: Faces) -> list[Face]:
    return [face for face in message.faces if face.crop.width > 0]
