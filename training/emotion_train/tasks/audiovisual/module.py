"""Training on recordings end to end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics.classification import MulticlassConfusionMatrix
from torchmetrics.regression import ConcordanceCorrCoef

from emotion_core.affect import EMOTION_COORDINATES, LABELS
from emotion_core.fusion.evidence import Modality
from emotion_core.nets.fusion import FusionOutput
from emotion_train.optimization import configure_optimization
from emotion_train.sampling import seed_step
from emotion_train.tasks.audiovisual.data import AudioVisualBatch, AudioVisualDataModule
from emotion_train.tasks.audiovisual.losses import loss_parts, piece_probabilities, rated_steps
from emotion_train.tasks.audiovisual.network import AudioVisualNet
from emotion_train.tasks.audiovisual.settings import (
    AudioVisualAugmentation,
    AudioVisualExperiment,
    BranchStart,
)
from emotion_train.tasks.audiovisual.splits import NO_LABEL
from emotion_train.tasks.audiovisual.starts import load_branch
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.face.augmentation import warp
from emotion_train.tasks.face.settings import FaceAugmentation
from emotion_train.tasks.voice.augmentation import add_noise
from emotion_train.tasks.voice.module import unweighted_average_recall
from emotion_train.tasks.voice.settings import VoiceAugmentation


class AudioVisualModule(TaskModule):
    """Network, objective and figures of an experiment on recordings."""

    network: AudioVisualNet

    def __init__(self, experiment: AudioVisualExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.network = AudioVisualNet(experiment)
        self.coordinates: Tensor
        self.register_buffer("coordinates", torch.from_numpy(EMOTION_COORDINATES), persistent=False)
        self.confusion = MulticlassConfusionMatrix(len(LABELS))
        self.concordance = ConcordanceCorrCoef(num_outputs=2)
        for _, branch in self._branches("frozen"):
            branch.requires_grad_(requires_grad=False)

    def backbone(self) -> Sequence[nn.Module]:
        """Return everything up to the features that the LSTM sees; they come out of the last."""
        network = self.network
        parts = (network.face, network.voice, network.fusion.encoders, network.fusion.gates)
        return (*(part for part in parts if part is not None), network.joint)

    def load_parts(self) -> None:
        """Load what the branches begin with.

        Raises:
            CheckpointError: if weights are missing, damaged or of another architecture.
        """
        for name, branch in self._branches():
            load_branch(branch, name, self._start(name))

    def forward(self, batch: AudioVisualBatch) -> FusionOutput:
        """Go through whole pieces."""
        crops = batch.crops
        if crops.dtype == torch.uint8:
            batch = batch._replace(crops=crops.float().div(255.0).unsqueeze(1))
        output: FusionOutput = self.network(batch)
        return output

    def on_train_epoch_start(self) -> None:
        """Put frozen parts into evaluation mode, which the trainer has taken them out of."""
        for _, branch in self._branches("frozen"):
            branch.eval()

    def on_before_batch_transfer(
        self,
        batch: AudioVisualBatch,
        dataloader_idx: int,  # noqa: ARG002
    ) -> AudioVisualBatch:
        """Change training batches at random, on the processor, where the noises are made too."""
        if not self.training:
            return batch
        seed_step(self.trainer, self.experiment.seed)
        return disturb(batch, self.experiment.augmentation)

    def training_step(self, batch: AudioVisualBatch) -> Tensor:
        """Return the loss of a batch."""
        total, parts = self._loss(self(batch), batch)
        figures = {"train/loss": total}
        figures |= {f"train/loss_{name}": part for name, part in parts.items()}
        count = len(batch.labels)
        self.log_dict(figures, on_epoch=True, on_step=False, sync_dist=True, batch_size=count)
        return total

    def validation_step(self, batch: AudioVisualBatch) -> None:
        """Collect the figures of a batch."""
        output = self(batch)
        loss, _ = self._loss(output, batch)
        self.log("val/loss", loss, batch_size=len(batch.labels), sync_dist=True)
        labelled = batch.labels != NO_LABEL
        if labelled.any():
            probabilities = piece_probabilities(output, batch)
            self.confusion.update(probabilities[labelled], batch.labels[labelled])
        rated = rated_steps(batch)
        if rated.any():
            self.concordance.update(output.valence_arousal[rated].float(), batch.ratings[rated])

    def on_validation_epoch_end(self) -> None:
        """Report recall of emotions, concordance of ratings, and the mean of what there is."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, AudioVisualDataModule):
            raise TypeError(f"{type(data).__name__} holds no recordings")
        figures, scores = {}, []
        # Every process must compute the same figures, whatever its own batches held.
        if data.valid.has_labels:
            counts = self.confusion.compute()
            figures["val/uar"] = unweighted_average_recall(counts)
            figures["val/accuracy"] = counts.diagonal().sum() / counts.sum()
            scores.append(figures["val/uar"])
        if data.valid.has_ratings:
            # Constant predictions have no correlation; they agree as little as can be.
            valence, arousal = self.concordance.compute().nan_to_num(0.0)
            figures["val/concordance_valence"] = valence
            figures["val/concordance_arousal"] = arousal
            scores.append((valence + arousal) / 2.0)
        self.confusion.reset()
        self.concordance.reset()
        figures["val/score"] = torch.stack(scores).mean()
        self.log_dict(figures, prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        return configure_optimization(self, self.experiment.optimizer, steps, self._rate)

    def _loss(
        self, output: FusionOutput, batch: AudioVisualBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch and its parts."""
        parts = loss_parts(output, batch, self.coordinates, self.experiment.objective)
        # Several processes need a gradient for every head, also where a batch teaches it nothing.
        nothing = 0.0 * (output.logits.sum() + output.valence_arousal.sum())
        return torch.stack([nothing, *parts.values()]).sum(), parts

    def _rate(self, parameter: str) -> float:
        tuned = (f"network.{name}." for name, _ in self._branches("fine_tuned"))
        is_tuned = any(parameter.startswith(prefix) for prefix in tuned)
        return self.experiment.fine_tuning_rate if is_tuned else 1.0

    def _start(self, name: str) -> BranchStart:
        start: BranchStart = getattr(self.experiment.branches, name)
        return start

    def _branches(self, kind: str | None = None) -> list[tuple[str, nn.Module]]:
        """Return the parts that exist with their names; only those of one kind of start."""
        network = self.network
        parts = {"face": network.face, "voice": network.voice, "fusion": network.fusion}
        return [
            (name, part)
            for name, part in parts.items()
            if part is not None and kind in (None, self._start(name).start)
        ]


def disturb(batch: AudioVisualBatch, settings: AudioVisualAugmentation) -> AudioVisualBatch:
    """Change crops and voices at random, and hide modalities."""
    crops = batch.crops.float().div(255.0).unsqueeze(1)
    faces = FaceAugmentation(
        rotation_deg=settings.rotation_deg,
        translation=settings.translation,
        scale=settings.scale,
        flip=settings.flip,
    )
    if len(crops) and faces != FaceAugmentation():
        crops = warp(crops, faces)
    windows = batch.windows
    if len(windows) and settings.noise > 0:
        noise = VoiceAugmentation(noise=settings.noise, noise_snr_db=settings.noise_snr_db)
        windows = add_noise(windows, noise)
    presence = drop_modalities(batch.presence, settings.modality_dropout)
    return batch._replace(crops=crops, windows=windows, presence=presence)


def drop_modalities(presence: Tensor, probability: float) -> Tensor:
    """Hide each modality of each piece with a probability; one that is there stays.

    Args:
        presence: (N, T, 3).
        probability: that a modality is hidden.
    """
    if probability == 0:
        return presence
    there = presence.sum(dim=1) > 0
    chance = torch.rand(len(presence), len(Modality), device=presence.device)
    kept = there & (chance >= probability)
    # Where all would go, the one that came nearest to staying stays.
    best = torch.where(there, chance, -1.0).argmax(dim=1)
    lost = ~kept.any(dim=1)
    kept[lost, best[lost]] = True
    return presence * kept[:, None]
