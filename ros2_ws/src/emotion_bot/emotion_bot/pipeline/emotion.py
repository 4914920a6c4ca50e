"""Face crops, voice and words in, one fused expression per person and frame out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from emotion_bot_msgs.msg import Expression, Face, Faces, Speech, Voice

from emotion_bot import images, people, stamps
from emotion_bot.parameters import Parameter
from emotion_bot.pipeline.scores import modality_scores
from emotion_core.fusion.attribution import Attribution
from emotion_core.fusion.evidence import ModalityScores
from emotion_core.fusion.people import PeopleFusion
from emotion_core.inference.expression import ExpressionModel, ExpressionScores, ModelError
from emotion_core.inference.fusion import FusionModel
from emotion_core.inference.smoothing import SmoothingParameters
from emotion_core.resources import FACE_MODEL, FUSION_MODEL, models_directory

_DEFAULTS = SmoothingParameters()

PARAMETERS = (
    Parameter("face_model", "", "Path of the face model; empty for the shipped one."),
    Parameter("fusion_model", "", "Path of the fusion model; empty for the shipped one."),
    Parameter("threads", 1, "Threads of the networks.", 1, 16),
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
    """Scores all crops of a frame in one batch, and joins them with what was heard.

    Without a usable fusion model it goes on with the face alone.

    Args:
        values: of `PARAMETERS`, by name.

    Raises:
        ModelError: if the face model is missing or damaged.
        FileNotFoundError: if there is no folder with models.

    Attributes:
        fusion_fault: why there is no fusion; empty when there is.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        smoothing = SmoothingParameters(
            time_constant=values["smoothing_time_constant"], margin=values["smoothing_margin"]
        )
        self.model_path = Path(values["face_model"] or models_directory() / FACE_MODEL)
        self._model = ExpressionModel(self.model_path, values["threads"])
        fusion, self.fusion_fault = _open_fusion(values)
        self._people = PeopleFusion(fusion, smoothing)
        self._heard = Attribution()

    @property
    def model_version(self) -> str | None:
        """What the model file says about itself."""
        return self._model.metadata.get("version")

    @property
    def speaker(self) -> str:
        """Id of the face that speaks now; empty when nobody in view does."""
        return self._heard.speaker

    def hear_voice(self, message: Voice) -> None:
        """Take the newest voice.

        Raises:
            ValueError: if its scores are not seven probabilities and an embedding.
        """
        self._heard.hear_voice(modality_scores(message), is_speaking=message.is_speaking)

    def hear_words(self, message: Speech) -> None:
        """Take the words of an utterance; what is not final yet says nothing.

        Raises:
            ValueError: if their scores are not seven probabilities and an embedding.
        """
        if message.final:
            start, end = map(stamps.seconds_from_stamp, (message.start, message.header.stamp))
            self._heard.hear_words(modality_scores(message), start, end)

    def process(self, message: Faces) -> list[Expression]:
        """Return the expressions of the faces that were seen in this frame, in their order.

        Raises:
            ValueError: if a crop cannot be read or has another size than the model takes.
        """
        return self.fuse(message, self.score([message])[0])

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

    def fuse(self, message: Faces, scores: ExpressionScores) -> list[Expression]:
        """Return the expressions that follow from the scores of the next frame."""
        time = stamps.seconds_from_stamp(message.header.stamp)
        seen = _seen(message)
        self._heard.look({face.id: images.array_from_image(face.crop) for face in seen}, time)
        expressions = []
        for face, probabilities, affect, embedding in zip(
            seen, scores.probabilities, scores.valence_arousal, scores.embedding, strict=True
        ):
            shown = ModalityScores(probabilities, affect, embedding, time)
            evidence = self._heard.evidence(face.id, shown)
            fused = self._people.update(face.id, evidence, time)
            if fused is not None:
                expressions.append(
                    people.expression_message(
                        fused.expression, face.id, message.header, fused.weights
                    )
                )
        return expressions


def _open_fusion(values: Mapping[str, Any]) -> tuple[FusionModel | None, str]:
    """Return the model, or why there is none."""
    path = Path(values["fusion_model"] or models_directory() / FUSION_MODEL)
    try:
        return FusionModel(path, values["threads"]), ""
    except ModelError as error:
        return None, str(error)


def _seen(message: Faces) -> list[Face]:
    return [face for face in message.faces if face.crop.width > 0]
