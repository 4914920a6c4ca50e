"""Losses against distributions over the classes."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as functional
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits (N, C) and target distributions (N, C) to a scalar."""


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over N of -Σ target · log softmax; targets need not sum to one."""
    return -(targets * functional.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()


def mean_squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared difference of softmax and target."""
    return functional.mse_loss(logits.float().softmax(dim=1), targets)


def dice(logits: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - the mean over the classes of the soft Dice coefficient over the batch.

    Squared terms in the denominator as in V-Net (Milletari, 2016).
    """
    probabilities = logits.float().softmax(dim=1)
    overlap = (probabilities * targets).sum(dim=0)
    size = probabilities.square().sum(dim=0) + targets.square().sum(dim=0)
    return 1.0 - (2.0 * overlap / size).mean()


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "mse": mean_squared_error,
    "dice": dice,
}
