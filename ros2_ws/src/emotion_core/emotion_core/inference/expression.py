"""The face model: crops in, expression probabilities out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from emotion_core.affect import LABELS

Crops = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.float32]


class ModelError(RuntimeError):
    """A model file is missing, damaged or of another kind; the message names the file."""


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
        if not path.is_file():
            raise ModelError(f"no face model at {path}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no public base class of its load errors
            raise ModelError(f"{path} is not a readable ONNX model: {error}") from error
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        if json.loads(self.metadata.get("labels", "[]")) != list(LABELS):
            raise ModelError(f"{path} was not made for the labels {', '.join(LABELS)}")
        self.crop_size: int = self._session.get_inputs()[0].shape[-1]
        self._outputs = ["probabilities", "valence_arousal", "embedding"]
        self.embedding_size: int = self._session.get_outputs()[2].shape[-1]

    def predict(self, crops: Crops) -> ExpressionScores:
        """Score aligned grey crops.

        Args:
            crops: uint8 (N, side, side) with the side `crop_size`; N may be 0.

        Raises:
            ValueError: if shape or type differ.
        """
        expected = (self.crop_size, self.crop_size)
        if crops.dtype != np.uint8 or crops.ndim != 3 or crops.shape[1:] != expected:
            raise ValueError(
                f"crops must be uint8 (N, {expected[0]}, {expected[1]}), "
                f"got {crops.dtype} {crops.shape}"
            )
        if len(crops) == 0:
            return ExpressionScores(
                np.empty((0, len(LABELS)), np.float32),
                np.empty((0, 2), np.float32),
                np.empty((0, self.embedding_size), np.float32),
            )
        return ExpressionScores(*self._session.run(self._outputs, {"crops": crops}))
