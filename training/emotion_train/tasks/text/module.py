"""Training a text network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as functional
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import Metric, PearsonCorrCoef
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MultilabelF1Score,
)

from emotion_core.affect import EMOTION_COORDINATES, LABELS
from emotion_core.nets.text import TextNet, TextOutput
from emotion_core.text.cleaning import as_transcript
from emotion_train.corpora.goemotions import THRESHOLD
from emotion_train.optimization import configure_optimization
from emotion_train.sampling import seed_step
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.text.data import EMOBANK, GOEMOTIONS, LOADERS, MELD, TextBatch
from emotion_train.tasks.text.networks import layer_of, make_network, make_tokenizer
from emotion_train.tasks.text.settings import EncoderRates, TextExperiment

RATING_DEVIATIONS = (0.175, 0.130)
"""Of valence and arousal in EmoBank's training part, on our scale of -1 to 1."""


class TokenBatch(NamedTuple):
    """A tokenised batch.

    Attributes:
        numbers: int64 (N, T).
        segments: int64 (N, T).
        emotions: float (N, 7).
        ratings: float (N, 2).
        corpora: int64 (N,).
    """

    numbers: Tensor
    segments: Tensor
    emotions: Tensor
    ratings: Tensor
    corpora: Tensor


def encoder_rate(name: str, layers: int, rates: EncoderRates) -> float:
    """Return the factor of the learning rate of a parameter of `TextModule`.

    Args:
        name: of the parameter.
        layers: number of layers of the encoder.
        rates: the settings.
    """
    if not name.startswith("network.encoder."):
        return 1.0
    layer = layer_of(name)
    below = layers if layer is None else layers - 1 - layer
    return float(rates.encoder * rates.layer_decay**below)


class TextModule(TaskModule):
    """Network, objective and figures of an experiment on sentences."""

    network: TextNet

    def __init__(self, experiment: TextExperiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.network = make_network(experiment.network)
        self.tokenizer = make_tokenizer(experiment.network)
        self.coordinates: Tensor
        self.register_buffer("coordinates", torch.from_numpy(EMOTION_COORDINATES), persistent=False)
        classes = len(LABELS)
        self.figures: dict[int, dict[str, Metric]] = {
            MELD: {
                "weighted_f1": MulticlassF1Score(classes, average="weighted"),
                "accuracy": MulticlassAccuracy(classes, average="micro"),
            },
            GOEMOTIONS: {"macro_f1": MultilabelF1Score(classes, THRESHOLD, average="macro")},
            EMOBANK: {"pearson": PearsonCorrCoef(num_outputs=2)},
        }
        # Registered, so that they move to the device with the module.
        self.metrics = nn.ModuleList(
            metric for group in self.figures.values() for metric in group.values()
        )

    def backbone(self) -> Sequence[nn.Module]:
        """Return the encoder and the projection."""
        return self.network.encoder, self.network.projection

    def forward(self, numbers: Tensor, segments: Tensor) -> TextOutput:
        """Score tokens; see `TextNet`."""
        output: TextOutput = self.network(numbers, segments)
        return output

    def prepare(self, batch: TextBatch) -> TokenBatch:
        """Tokenise a batch on the device of its targets."""
        tokens = self.tokenizer(batch.texts, batch.contexts)
        device = batch.emotions.device
        return TokenBatch(
            torch.from_numpy(tokens.numbers).to(device),
            torch.from_numpy(tokens.segments).to(device),
            *batch[2:],
        )

    def on_after_batch_transfer(
        self,
        batch: TextBatch,
        dataloader_idx: int,  # noqa: ARG002
    ) -> TokenBatch:
        """Tokenise every batch, and change training batches at random."""
        if self.training:
            seed_step(self.trainer, self.experiment.seed)
            batch = augment(batch, self.experiment.augmentation.transcript)
        return self.prepare(batch)

    def loss(self, output: TextOutput, batch: TokenBatch) -> dict[str, Tensor]:
        """Return the parts of the loss, each already weighted."""
        objective = self.experiment.objective
        emotions = batch.emotions
        counts = emotions.sum(dim=1)
        labelled = (counts > 0).float()
        shares = emotions / counts.clamp(min=1.0)[:, None]
        smooth = objective.label_smoothing
        targets = shares * (1.0 - smooth) + smooth / len(LABELS)
        said = (batch.corpora == MELD).float()
        mentioned = (batch.corpora == GOEMOTIONS).float()
        rated = (batch.corpora == EMOBANK).float()
        deviations = torch.tensor(RATING_DEVIATIONS, device=emotions.device)
        rating_error = (output.rating.float() - batch.ratings.nan_to_num()) / deviations
        affect_error = output.valence_arousal.float() - shares @ self.coordinates
        rows = {
            "label": labelled * _cross_entropies(output.label_logits, targets),
            "dialogue": said * _cross_entropies(output.dialogue_logits, targets),
            "mention": mentioned
            * functional.binary_cross_entropy_with_logits(
                output.mention_logits.float(), emotions, reduction="none"
            ).sum(dim=1),
            "valence_arousal": labelled * affect_error.square().sum(dim=1),
            "rating": rated * rating_error.square().sum(dim=1),
        }
        return {name: getattr(objective, name) * row.mean() for name, row in rows.items()}

    def training_step(self, batch: TokenBatch) -> Tensor:
        """Return the loss of a batch."""
        parts = self.loss(self(batch.numbers, batch.segments), batch)
        total = torch.stack(list(parts.values())).sum()
        options: dict[str, Any] = {"on_epoch": True, "on_step": False, "sync_dist": True}
        size = len(batch.numbers)
        self.log("train/loss", total, prog_bar=True, batch_size=size, **options)
        for name, part in parts.items():
            self.log(f"train/loss_{name}", part, batch_size=size, **options)
        return total

    def validation_step(self, batch: TokenBatch) -> None:
        """Collect the figures of a batch."""
        output = self(batch.numbers, batch.segments)
        loss = torch.stack(list(self.loss(output, batch).values())).sum()
        self.log("val/loss", loss, batch_size=len(batch.numbers), sync_dist=True)
        scores = {
            MELD: (output.dialogue_logits, batch.emotions.argmax(dim=1)),
            GOEMOTIONS: (output.mention_logits.sigmoid(), batch.emotions.long()),
            EMOBANK: (output.rating, batch.ratings),
        }
        for corpus, (predicted, targets) in scores.items():
            rows = batch.corpora == corpus
            if rows.any():
                for metric in self.figures[corpus].values():
                    metric.update(predicted[rows].float(), targets[rows])

    def on_validation_epoch_end(self) -> None:
        """Report the figures of every corpus, and their mean as the score."""
        scores: list[Tensor] = []
        for number, name in enumerate(LOADERS):
            for figure, metric in self.figures[number].items():
                if metric.update_count == 0:
                    continue
                values = metric.compute()
                metric.reset()
                if number == EMOBANK:
                    self.log(f"val/{name}_valence", values[0])
                    self.log(f"val/{name}_arousal", values[1])
                else:
                    self.log(f"val/{name}_{figure}", values)
                if figure != "accuracy":
                    scores.append(values.nan_to_num().mean())
        self.log("val/score", torch.stack(scores).mean(), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimiser and schedule for the whole run."""
        steps = int(self.trainer.estimated_stepping_batches)
        config: Any = self.network.encoder.config
        layers = int(getattr(config, "num_hidden_layers", 0))
        rates = self.experiment.rates
        return configure_optimization(
            self, self.experiment.optimizer, steps, lambda name: encoder_rate(name, layers, rates)
        )


def augment(batch: TextBatch, transcript: float) -> TextBatch:
    """Turn some sentences, each with its context, into what a speech recogniser writes."""
    chosen = (torch.rand(len(batch.texts)) < transcript).tolist()

    def change(texts: list[str]) -> list[str]:
        return [
            as_transcript(text) if changes else text
            for text, changes in zip(texts, chosen, strict=True)
        ]

    return batch._replace(texts=change(batch.texts), contexts=change(batch.contexts))


def _cross_entropies(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * functional.log_softmax(logits.float(), dim=1)).sum(dim=1)
