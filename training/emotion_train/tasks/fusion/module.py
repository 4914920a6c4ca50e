"""Training the fusion network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError

from emotion_core.affect import EMOTION_COORDINATES, LABELS
from emotion_core.nets.fusion import FusionNet, FusionOutput
from emotion_train.optimization import configure_optimization
from emotion_train.sampling import seed_step
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.fusion.data import FusionBatch
from emotion_train.tasks.fusion.settings import FusionExperiment


class FusionModule(TaskModule):
    """Network, objective and figures of a fusion experiment."""

    network: FusionNet

    def __init__(self, experiment: FusionExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        settings = experiment.network
        self.network = FusionNet(
            settings.feature_sizes, settings.width, settings.hidden_size, settings.dropout
        )
        self.coordinates: Tensor
        self.register_buffer("coordinates", torch.from_numpy(EMOTION_COORDINATES), persistent=False)
        classes = len(LABELS)
        self.figures = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(classes, average="micro"),
                "ece": MulticlassCalibrationError(classes, n_bins=15, norm="l1"),
            },
            prefix="val/",
        )

    def backbone(self) -> Sequence[nn.Module]:
        """Return the encoders of the modalities and their gates."""
        return self.network.encoders, self.network.gates

    def forward(self, batch: FusionBatch) -> FusionOutput:
        """Go through whole timelines."""
        return self.network.unroll(batch.features, batch.presence)

    def on_after_batch_transfer(
        self,
        batch: FusionBatch,
        dataloader_idx: int,  # noqa: ARG002
    ) -> FusionBatch:
        """Disturb the features of training batches."""
        if not self.training:
            return batch
        seed_step(self.trainer, self.experiment.seed)
        noise = self.experiment.objective.feature_noise
        return batch._replace(
            face=_disturbed(batch.face, noise),
            voice=_disturbed(batch.voice, noise),
            words=_disturbed(batch.words, noise),
        )

    def loss(self, output: FusionOutput, batch: FusionBatch) -> Tensor:
        """Return the loss over the steps before which something has been seen or heard."""
        objective = self.experiment.objective
        counted = (batch.presence.sum(dim=2).cumsum(dim=1) > 0).float()
        fresh = batch.since_onset < objective.onset
        weights = counted * torch.where(fresh, objective.onset_weight, 1.0)
        cross_entropy = functional.cross_entropy(
            output.logits.flatten(0, 1),
            batch.labels.flatten(),
            label_smoothing=objective.label_smoothing,
            reduction="none",
        )
        error = output.valence_arousal - self.coordinates[batch.labels]
        losses = cross_entropy + objective.valence_arousal * error.square().mean(dim=2).flatten()
        return (losses * weights.flatten()).sum() / weights.sum().clamp_min(1.0)

    def training_step(self, batch: FusionBatch) -> Tensor:
        """Return the loss of a batch."""
        loss = self.loss(self(batch), batch)
        self.log("train/loss", loss, on_epoch=True, on_step=False, prog_bar=True, sync_dist=True)
        return loss

    def validation_step(self, batch: FusionBatch) -> None:
        """Collect the figures of a batch."""
        output = self(batch)
        count = len(batch.labels)
        self.log("val/loss", self.loss(output, batch), batch_size=count, sync_dist=True)
        self.figures.update(output.logits.flatten(0, 1).softmax(dim=1), batch.labels.flatten())

    def on_validation_epoch_end(self) -> None:
        """Report the figures of all timelines."""
        self.log_dict(self.figures.compute(), prog_bar=True)
        self.figures.reset()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        return configure_optimization(self, self.experiment.optimizer, steps)


def _disturbed(features: Tensor, noise: float) -> Tensor:
    if noise == 0:
        return features
    return features + noise * features.std() * torch.randn_like(features)
