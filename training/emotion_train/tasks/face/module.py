"""Training a face network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassCalibrationError,
    MulticlassF1Score,
)

from emotion_core.affect import EMOTION_COORDINATES, LABELS
from emotion_core.nets.expression import ExpressionNet, FaceOutput
from emotion_train.optimization import configure_optimization
from emotion_train.sampling import seed_step
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.face.augmentation import FaceBatch, augment, prepare
from emotion_train.tasks.face.losses import LOSSES, cross_entropy
from emotion_train.tasks.face.networks import make_network
from emotion_train.tasks.face.settings import FaceExperiment, FaceObjective


def predicted_logits(output: FaceOutput, votes_in_prediction: float) -> Tensor:
    """Return the logits (N, 7) of the prediction: the label head's, or a blend with the votes'."""
    if output.vote_logits is None or votes_in_prediction == 0:
        return output.label_logits
    return torch.lerp(output.label_logits, output.vote_logits, votes_in_prediction)


def label_targets(batch: FaceBatch, objective: FaceObjective) -> Tensor:
    """Return the label head's target distribution (N, 7): smoothed labels blended with votes."""
    smooth = objective.label_smoothing
    labels = batch.labels * (1.0 - smooth) + smooth / batch.labels.shape[1]
    # Mixed rows carry the share of faces with votes, so that the target still sums to one.
    share = objective.votes_in_label
    return labels * (1.0 - share * batch.has_votes[:, None]) + share * batch.votes


class FaceModule(TaskModule):
    """Network, objective and figures of a face experiment."""

    def __init__(self, experiment: FaceExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.network = make_network(experiment.network)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.coordinates: Tensor
        self.register_buffer("coordinates", torch.from_numpy(EMOTION_COORDINATES), persistent=False)
        classes = len(LABELS)
        self.figures = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(classes, average="micro"),
                "macro_f1": MulticlassF1Score(classes, average="macro"),
                "ece": MulticlassCalibrationError(classes, n_bins=15, norm="l1"),
            },
            prefix="val/",
        )
        self.vote_accuracy = MulticlassAccuracy(classes, average="micro")

    def backbone(self) -> Sequence[nn.Module]:
        """Return everything but the heads."""
        if isinstance(self.network, ExpressionNet):
            return self.network.stem, self.network.blocks
        return (self.network.get_submodule("features"),)

    def forward(self, crops: Tensor) -> FaceOutput:
        """Score prepared crops, float (N, 1, 48, 48) in [0, 1]."""
        output = self.network(crops.contiguous(memory_format=torch.channels_last))
        return output if isinstance(output, FaceOutput) else FaceOutput(label_logits=output)

    def on_after_batch_transfer(
        self,
        batch: FaceBatch,
        dataloader_idx: int,  # noqa: ARG002
    ) -> FaceBatch:
        """Prepare every batch, and change training batches at random."""
        batch = prepare(batch)
        if self.training:
            seed_step(self.trainer, self.experiment.seed)
            return augment(batch, self.experiment.augmentation)
        return batch

    def loss(self, output: FaceOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """Return the parts of the loss, each already weighted."""
        objective = self.experiment.objective
        targets = label_targets(batch, objective)
        parts = {"label": LOSSES[objective.loss](output.label_logits, targets)}
        if objective.votes > 0 and output.vote_logits is not None:
            smooth = objective.label_smoothing
            votes = batch.votes * (1 - smooth) + smooth / len(LABELS) * batch.has_votes[:, None]
            parts["votes"] = objective.votes * cross_entropy(output.vote_logits, votes)
        if objective.valence_arousal > 0 and output.valence_arousal is not None:
            # Faces without votes are taken at their label.
            shares = batch.votes + (1.0 - batch.has_votes)[:, None] * batch.labels
            error = output.valence_arousal.float() - shares @ self.coordinates
            parts["valence_arousal"] = objective.valence_arousal * error.square().mean()
        return parts

    def training_step(self, batch: FaceBatch) -> Tensor:
        """Return the loss of a batch."""
        output = self(batch.crops)
        parts = self.loss(output, batch)
        if self.teachers is not None:
            parts["teachers"] = self.teachers.loss(
                output.label_logits, lambda teacher: teacher(batch.crops).label_logits
            )
        total = torch.stack(list(parts.values())).sum()
        self.log("train/loss", total, on_epoch=True, on_step=False, prog_bar=True, sync_dist=True)
        for name, part in parts.items():
            self.log(f"train/loss_{name}", part, on_epoch=True, on_step=False, sync_dist=True)
        return total

    def validation_step(self, batch: FaceBatch) -> None:
        """Collect the figures of a batch."""
        output = self(batch.crops)
        logits = predicted_logits(output, self.experiment.objective.votes_in_prediction).float()
        labels = batch.labels.argmax(dim=1)
        self.figures.update(logits.softmax(dim=1), labels)
        loss = functional.cross_entropy(logits, labels)
        self.log("val/loss", loss, batch_size=len(labels), sync_dist=True)
        voted = batch.has_votes > 0
        if voted.any():
            self.vote_accuracy.update(logits[voted], batch.votes[voted].argmax(dim=1))
            self.log("val/vote_accuracy", self.vote_accuracy)

    def on_validation_epoch_end(self) -> None:
        """Report the figures of the whole split."""
        self.log_dict(self.figures.compute(), prog_bar=True)
        self.figures.reset()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        return configure_optimization(self, self.experiment.optimizer, steps)
