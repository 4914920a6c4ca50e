"""The fusion model: features of face, voice and words in, one expression out, with a memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.fusion.evidence import Evidence, Modality
from emotion_core.inference.session import open_session

Array = npt.NDArray[np.float32]

INPUTS: Final = ("face", "voice", "words", "presence", "hidden", "cell")
OUTPUTS: Final = ("probabilities", "valence_arousal", "weights", "hidden_after", "cell_after")

STEP_SECONDS: Final = 0.1
"""Between two steps of the memory: the model was trained at 10 Hz."""


@dataclass(frozen=True)
class FusionMemory:
    """State of the recurrent network for N people: float32 (N, H) each."""

    hidden: Array
    cell: Array


@dataclass(frozen=True)
class FusionScores:
    """What the fusion model says about N people.

    Attributes:
        probabilities: float32 (N, 7), calibrated, in label order.
        valence_arousal: float32 (N, 2) in [-1, 1].
        weights: float32 (N, 3), share of each modality in the order of `Modality`; 0 for a missing
            one, all 0 when every one is missing.
        memory: state after this step.
    """

    probabilities: Array
    valence_arousal: Array
    weights: Array
    memory: FusionMemory


class FusionModel:
    """Runs the exported fusion model with onnxruntime.

    Args:
        path: of the ONNX file.
        threads: of the session.

    Raises:
        ModelError: if the file is missing, damaged, of another kind or made for other labels.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, "fusion", INPUTS, OUTPUTS, threads)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        sizes = {tensor.name: tensor.shape[-1] for tensor in self._session.get_inputs()}
        self.feature_sizes: tuple[int, int, int] = (sizes["face"], sizes["voice"], sizes["words"])
        self.memory_size: int = sizes["hidden"]

    def blank(self, people: int = 1) -> FusionMemory:
        """Return the memory of people never seen before."""
        shape = people, self.memory_size
        return FusionMemory(np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def step(
        self, features: Sequence[Array], presence: Array, memory: FusionMemory
    ) -> FusionScores:
        """Take one step of STEP_SECONDS.

        Args:
            features: of each modality, float32 (N, `feature_sizes`); what stands in the rows of a
                missing modality does not matter.
            presence: float32 (N, 3), 1 where a modality is there.
            memory: state before this step.
        """
        values = (*features, presence, memory.hidden, memory.cell)
        probabilities, affect, weights, hidden, cell = self._session.run(
            list(OUTPUTS), dict(zip(INPUTS, values, strict=True))
        )
        return FusionScores(probabilities, affect, weights, FusionMemory(hidden, cell))

    def inputs(self, evidence: Evidence) -> tuple[list[Array], Array]:
        """Return features and presence of one person.

        Scores whose embedding is not of the size that this model was trained with count as missing:
        they come from another version of their model.
        """
        features = [np.zeros((1, size), np.float32) for size in self.feature_sizes]
        presence = np.zeros((1, len(Modality)), np.float32)
        for modality, scores in zip(Modality, evidence.by_modality(), strict=True):
            if scores is None:
                continue
            vector = scores.features()
            if len(vector) == self.feature_sizes[modality] and vector.any():
                features[modality][0] = vector
                presence[0, modality] = 1.0
        return features, presence
