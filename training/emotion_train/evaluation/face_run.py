"""The network of a face run, of whatever architecture, in the place of the exported model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotion_core.nets.expression import FaceOutput
from emotion_train.errors import TrainingError
from emotion_train.evaluation.face import Crops, Probabilities
from emotion_train.runs import load_run
from emotion_train.tasks.face.module import FaceModule, predicted_logits


class FaceRun:
    """Probabilities of a run's best checkpoint, without temperature and test-time flip.

    Args:
        run: its folder.

    Raises:
        CheckpointError: if the checkpoint cannot be used.
        ExperimentError: if there is no run.
        TrainingError: if it is no run of the task face.
    """

    def __init__(self, run: Path) -> None:
        module = load_run(run)[2]
        if not isinstance(module, FaceModule):
            raise TrainingError(f"{run} is no run of the task face")
        self._run = run
        self._module = module
        self._share = module.experiment.objective.votes_in_prediction

    @torch.no_grad()
    def probabilities(self, crops: Crops) -> Probabilities:
        """Return probabilities, float32 (N, 7), of uint8 (N, 48, 48) crops."""
        return self._probabilities(self._module(_prepared(crops)))

    @torch.no_grad()
    def probabilities_and_votes(self, crops: Crops) -> tuple[Probabilities, Probabilities]:
        """Return them, and what the head of votes says of the same crops, float32 (N, 7).

        Raises:
            TrainingError: if the network has none.
        """
        output = self._module(_prepared(crops))
        if output.vote_logits is None:
            raise TrainingError(f"the network of {self._run} has no head for votes")
        return self._probabilities(output), np.asarray(output.vote_logits.softmax(dim=1).numpy())

    def _probabilities(self, output: FaceOutput) -> Probabilities:
        return np.asarray(predicted_logits(output, self._share).softmax(dim=1).numpy())


def _prepared(crops: Crops) -> Tensor:
    return torch.from_numpy(crops).unsqueeze(1).float() / 255.0
