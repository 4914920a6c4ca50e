"""Training a voice network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.classification import MulticlassConfusionMatrix

from emotion_core.affect import EMOTION_COORDINATES, LABELS
from emotion_core.nets.vocal import VocalNet, VoiceOutput
from emotion_train.optimization import configure_optimization
from emotion_train.sampling import seed_step
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.voice.augmentation import (
    SpectrumChanges,
    VoiceBatch,
    change_waveforms,
    mask,
    mix,
)
from emotion_train.tasks.voice.settings import VocalNetSettings, VoiceExperiment


def make_network(settings: VocalNetSettings) -> VocalNet:
    """Return a freshly initialised network."""
    return VocalNet(
        settings.widths,
        settings.depths,
        squeeze=settings.squeeze,
        drop_path=settings.drop_path,
        dropout=settings.dropout,
    )


def unweighted_average_recall(confusion: Tensor) -> Tensor:
    """Return the mean recall of the classes that occur, from counts (C, C), true by row."""
    support = confusion.sum(dim=1)
    recall = confusion.diagonal() / support.clamp(min=1)
    return recall[support > 0].mean()


class VoiceModule(TaskModule):
    """Network, objective and figures of a voice experiment."""

    network: VocalNet

    def __init__(self, experiment: VoiceExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.network = make_network(experiment.network)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.coordinates: Tensor
        self.register_buffer("coordinates", torch.from_numpy(EMOTION_COORDINATES), persistent=False)
        self._changes = SpectrumChanges(experiment.augmentation)
        self.confusions = nn.ModuleDict(
            {
                corpus.dataset: MulticlassConfusionMatrix(len(LABELS))
                for corpus in experiment.data.corpora
            }
        )

    def backbone(self) -> Sequence[nn.Module]:
        """Return everything but the heads."""
        return self.network.stem, self.network.blocks, self.network.pooling, self.network.embed

    def forward(self, waveforms: Tensor) -> VoiceOutput:
        """Score windows, float (N, samples)."""
        output: VoiceOutput = self.network(waveforms)
        return output

    def loss(self, output: VoiceOutput, labels: Tensor) -> dict[str, Tensor]:
        """Return the parts of the loss, each already weighted; labels float (N, 7)."""
        objective = self.experiment.objective
        parts = {
            "label": functional.cross_entropy(
                output.logits.float(), labels, label_smoothing=objective.label_smoothing
            )
        }
        if objective.valence_arousal > 0:
            # The corpora name emotions alone; their published coordinates are the targets.
            error = output.valence_arousal.float() - labels @ self.coordinates
            parts["valence_arousal"] = objective.valence_arousal * error.square().mean()
        return parts

    def training_step(self, batch: VoiceBatch) -> Tensor:
        """Return the loss of a batch that is changed at random."""
        seed_step(self.trainer, self.experiment.seed)
        settings = self.experiment.augmentation
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            waveforms = change_waveforms(batch.waveforms, settings)
            power, banks = self._changes(self.network.spectrum(waveforms))
            features, active = self.network.features(power, banks)
            features, active, labels = mix(mask(features, settings), active, batch.labels, settings)
        features = features.contiguous(memory_format=torch.channels_last)
        output = self.network.score(features, active)
        parts = self.loss(output, labels)
        if self.teachers is not None:
            parts["teachers"] = self.teachers.loss(
                output.logits, lambda teacher: teacher.network.score(features, active).logits
            )
        total = torch.stack(list(parts.values())).sum()
        self.log("train/loss", total, on_epoch=True, on_step=False, prog_bar=True, sync_dist=True)
        for name, part in parts.items():
            self.log(f"train/loss_{name}", part, on_epoch=True, on_step=False, sync_dist=True)
        return total

    def validation_step(self, batch: VoiceBatch) -> None:
        """Collect the figures of a batch."""
        logits = self(batch.waveforms).logits.float()
        labels = batch.labels.argmax(dim=1)
        loss = functional.cross_entropy(logits, labels)
        self.log("val/loss", loss, batch_size=len(labels), sync_dist=True)
        for position, confusion in enumerate(self.confusions.values()):
            own = batch.corpora == position
            confusion.update(logits[own], labels[own])

    def on_validation_epoch_end(self) -> None:
        """Report the unweighted average recall of every corpus, and their mean."""
        recalls = {}
        for name, confusion in self.confusions.items():
            counts = confusion.compute()
            if counts.sum() > 0:
                recalls[f"val/uar_{name}"] = unweighted_average_recall(counts)
            confusion.reset()
        self.log_dict(recalls)
        self.log("val/uar", torch.stack(list(recalls.values())).mean(), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        return configure_optimization(self, self.experiment.optimizer, steps)
