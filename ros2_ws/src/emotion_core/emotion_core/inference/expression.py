"""The face model: crops in, expression probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
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
        sizes = {tensor.name: tensor.shape[-1] for tensor in self._session.get_outputs()}
        self.embedding_size: int = sizes["embedding"]

    def predict(self, crops: Crops) -> ExpressionScores:
        """Score aligned grey crops.

        Args:
            crops: uint8 (N, side, side) with the side `crop_size`; N may be 0.

        Raises:
            ValueError: if shape or type differ.
        """
        self._require(crops)
        if len(crops) == 0:
            return ExpressionScores(
                np.empty((0, len(LABELS)), np.float32),
                np.empty((0, 2), np.float32),
                np.empty((0, self.embedding_size), np.float32),
            )
        parts = [self._session.run(list(OUTPUTS), {INPUTS[0]: part}) for part in _parts(crops)]
        return ExpressionScores(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))

    def predict_votes(self, crops: Crops) -> Scores:
        """Return the shares of a panel's votes for each of `affect.LABELS`, float32 (N, 7).

        Args:
            crops: as for `predict`, but N is at least 1.

        Raises:
            ValueError: if shape or type differ.
        """
        self._require(crops)
        parts = [self._session.run([VOTES], {INPUTS[0]: part})[0] for part in _parts(crops)]
        return np.concatenate(parts)

    def _require(self, crops: Crops) -> None:
        expected = (self.crop_size, self.crop_size)
        if crops.dtype != np.uint8 or crops.ndim != 3 or crops.shape[1:] != expected:
            raise ValueError(
                f"crops must be uint8 (N, {expected[0]}, {expected[1]}), "
                f"got {crops.dtype} {crops.shape}"
            )


def _parts(crops: Crops) -> list[Crops]:
    return [crops[start : start + LARGEST_BATCH] for start in range(0, len(crops), LARGEST_BATCH)]
