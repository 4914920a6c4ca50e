"""What the network's predictions are compared by."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor

from emotion_core.nets.fusion import FusionOutput
from emotion_train.tasks.audiovisual.data import AudioVisualBatch
from emotion_train.tasks.audiovisual.settings import AudioVisualObjective
from emotion_train.tasks.audiovisual.splits import NO_LABEL


def loss_parts(
    output: FusionOutput,
    batch: AudioVisualBatch,
    coordinates: Tensor,
    objective: AudioVisualObjective,
) -> dict[str, Tensor]:
    """Return the parts of the loss that the batch has targets for, each already weighted.

    Args:
        output: for whole pieces.
        batch: the pieces.
        coordinates: (7, 2), valence and arousal of each label.
        objective: the weights.
    """
    parts = {}
    labels = batch.labels[:, None].expand_as(batch.inside)
    labelled = batch.counted & (labels != NO_LABEL)
    if labelled.any():
        wanted = labels[labelled]
        parts["label"] = objective.label * functional.cross_entropy(
            output.logits[labelled].float(), wanted, label_smoothing=objective.label_smoothing
        )
        error = output.valence_arousal[labelled].float() - coordinates[wanted]
        parts["coordinates"] = objective.coordinates * error.square().mean()
    rated = rated_steps(batch)
    if rated.sum() > 1:
        agreement = concordance(output.valence_arousal[rated].float(), batch.ratings[rated])
        parts["concordance"] = objective.concordance * (1.0 - agreement.mean())
    return parts


def rated_steps(batch: AudioVisualBatch) -> Tensor:
    """Return the counted steps with both ratings, bool (N, T)."""
    return batch.counted & batch.ratings.isfinite().all(dim=2)


def concordance(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Return the concordance correlation (Lin, 1989) of each column of (K, D) values, (D,).

    A column whose predictions or targets are constant gives 0 and a finite gradient, as a loss
    must: a batch may hold a single constant rating. torchmetrics' ``concordance_corrcoef`` gives
    NaN there, in its gradient too; elsewhere it differs by the order of 1 / K, because it divides
    variances by K - 1.
    """
    mean, wanted_mean = predicted.mean(dim=0), wanted.mean(dim=0)
    from_mean, from_wanted = predicted - mean, wanted - wanted_mean
    covariance = (from_mean * from_wanted).mean(dim=0)
    spread = from_mean.square().mean(dim=0) + from_wanted.square().mean(dim=0)
    return 2.0 * covariance / (spread + (mean - wanted_mean).square() + 1e-8)


def piece_probabilities(output: FusionOutput, batch: AudioVisualBatch) -> Tensor:
    """Return the mean probabilities of each piece over its counted steps, (N, 7)."""
    counted = batch.counted[..., None].float()
    total = (output.logits.float().softmax(dim=2) * counted).sum(dim=1)
    mean = total / counted.sum(dim=1).clamp_min(1.0)
    # A piece in which nothing is seen or heard has no opinion.
    unknown = torch.full_like(mean, 1.0 / mean.shape[1])
    return torch.where(counted.sum(dim=1) > 0, mean, unknown)
