"""Noticing features that are the same for every sample."""

from __future__ import annotations

import logging
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

COLLAPSED = 1e-3
"""Relative deviation under which features say nothing about the sample."""

logger = logging.getLogger(__name__)


def relative_deviation(features: Tensor) -> float:
    """Return how much features (N, ...) differ between samples, relative to their size.

    The standard deviation over the batch, averaged over the features, divided by their root mean
    square: 0 when all samples have the same features.
    """
    flat = features.detach().flatten(1).float()
    size = flat.square().mean().sqrt()
    if size == 0:
        return 0.0
    return float(flat.std(dim=0, unbiased=False).mean() / size)


class FeatureCollapse(Callback):
    """Log the relative deviation of a part's output and warn when it collapses.

    An encoder that is trained through a decoder from the start can end up with constant features,
    which no loss curve shows.

    Args:
        part: whose output is watched, on the first validation batch of every epoch.
    """

    def __init__(self, part: nn.Module) -> None:
        self._part = part
        self._handle: torch.utils.hooks.RemovableHandle | None = None
        self._features: Tensor | None = None

    def on_validation_batch_start(
        self,
        trainer: Trainer,  # noqa: ARG002
        pl_module: LightningModule,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Listen to the first batch."""
        if batch_idx == 0:
            self._handle = self._part.register_forward_hook(self._keep)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any
    ) -> None:
        """Judge what the first batch gave."""
        if self._handle is None or self._features is None:
            return
        self._handle.remove()
        deviation = relative_deviation(self._features)
        self._handle = self._features = None
        pl_module.log(
            "val/feature_deviation", deviation, on_step=False, on_epoch=True, batch_size=1
        )
        if deviation < COLLAPSED:
            logger.warning(
                "the features have collapsed in epoch %d: they deviate by %.1e of their size",
                trainer.current_epoch,
                deviation,
            )

    def _keep(self, _: nn.Module, __: object, output: Tensor) -> None:
        self._features = output
