"""Training a network on clips."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.regression import ConcordanceCorrCoef

from emotion_core.nets.cnn_gru import CnnGru
from emotion_train.optimization import configure_optimization
from emotion_train.tasks.affect_video.data import ClipBatch
from emotion_train.tasks.affect_video.settings import AffectVideoExperiment
from emotion_train.tasks.base import TaskModule


class AffectVideoModule(TaskModule):
    """Network, squared error and figures of an experiment on clips."""

    def __init__(self, experiment: AffectVideoExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.network = CnnGru(experiment.network.features, experiment.network.hidden_size)
        self.concordance = ConcordanceCorrCoef()

    def backbone(self) -> Sequence[nn.Module]:
        """Return what describes a frame."""
        return self.network.get_submodule("convolutions"), self.network.get_submodule("features")

    def forward(self, frames: Tensor) -> Tensor:
        """Map uint8 frames (N, T, 3, 224, 224) to values (N, T)."""
        values: Tensor = self.network(frames.float().div(255.0))
        return values

    def training_step(self, batch: ClipBatch) -> Tensor:
        """Return the squared error of a batch."""
        loss: Tensor = (self(batch.frames) - batch.values).square().mean()
        self.log("train/loss", loss, on_epoch=True, on_step=False, prog_bar=True, sync_dist=True)
        return loss

    def validation_step(self, batch: ClipBatch) -> None:
        """Collect the figures of a batch."""
        values = self(batch.frames)
        loss = (values - batch.values).square().mean()
        self.log("val/loss", loss, batch_size=len(values), prog_bar=True, sync_dist=True)
        self.concordance.update(values.flatten().float(), batch.values.flatten())
        self.log("val/concordance", self.concordance)

    @torch.no_grad()
    def predict_values(self, frames: Tensor) -> Tensor:
        """Return the values (N, T) of clips in evaluation mode."""
        self.eval()
        result: Tensor = self(frames)
        return result

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        return configure_optimization(self, self.experiment.optimizer, steps)
