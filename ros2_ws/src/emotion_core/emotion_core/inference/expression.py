"""The face model: crops in, expression probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.inference.session import ModelError, open_session

__all__ = ["ExpressionModel", "ExpressionScores", "ModelError"]

Crops = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.float32]

INPUTS: Final = ("crops",)
OUTPUTS: Final = ("probabilities", "valence_arousal", "embedding")
VOTES: Final = "votes"
"""Output of the head that has learnt what several annotators say of a face."""

LARGEST_BATCH: Final = 16
"""Crops scored at once: the session keeps the memory that its largest batch needed."""


@dataclass(frozen=True)
class ExpressionScores:
    """What the face model says about N crops.

    Attributes:
        probabilities: float32 (N, 7), calibrated, in the order of `affect.LABELS`.
        valence_arousal: float32 (N, 2) in [-1, 1].
        embedding: float32 (N, D), the features under the heads.
    """

    probabilities: Scores
    valence_arousal: Scores
    embedding: Scores


class ExpressionModel:
    """Runs the exported face model with onnxruntime.

    Args:
        path: ONNX file whose graph takes uint8 crops and normalises them itself.
        threads: of the session; one leaves the other cores to the rest of the robot.

    Raises:
        ModelError: if the file is missing, damaged, or made for other labels.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, "face", INPUTS, (*OUTPUTS, VOTES), threads)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.crop_size: int = self._session.get_inputs()[0].shape[-1]
        self._sizes: dict[str, int] = {
            tensor.name: tensor.shape[-1] for tensor in self._session.get_outputs()
        }
        self.embedding_size = self._sizes["embedding"]

    def predict(self, crops: Crops) -> ExpressionScores:
        """Score aligned grey crops.

        Args:
            crops: uint8 (N, side, side) with the side `crop_size`; N may be 0.

        Raises:
            ValueError: if shape or type differ.
        """
        return ExpressionScores(*self._run(crops, OUTPUTS))

    def predict_with_votes(self, crops: Crops) -> tuple[ExpressionScores, Scores]:
        """Score crops as `predict` does, and say how several annotators would judge them.

        Args:
            crops: as for `predict`.

        Returns:
            The scores, and the share of the votes for each of `affect.LABELS`, float32 (N, 7).

        Raises:
            ValueError: if shape or type differ.
        """
        *scores, votes = self._run(crops, (*OUTPUTS, VOTES))
        return ExpressionScores(*scores), votes

    def _run(self, crops: Crops, outputs: Sequence[str]) -> list[Scores]:
        expected = (self.crop_size, self.crop_size)
        if crops.dtype != np.uint8 or crops.ndim != 3 or crops.shape[1:] != expected:
            raise ValueError(
                f"crops must be uint8 (N, {expected[0]}, {expected[1]}), "
                f"got {crops.dtype} {crops.shape}"
            )
        if len(crops) == 0:
            return [np.empty((0, self._sizes[name]), np.float32) for name in outputs]
        parts = [self._session.run(list(outputs), {INPUTS[0]: part}) for part in _parts(crops)]
        return [np.concatenate(rows) for rows in zip(*parts, strict=True)]


def _parts(crops: Crops) -> list[Crops]:
    return [crops[start : start + LARGEST_BATCH] for start in range(0, len(crops), LARGEST_BATCH)]
