"""Training the heads alone."""

from __future__ import annotations

from collections.abc import Sequence

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import nn


class Freeze(Callback):
    """Keep the weights and the normalisation statistics of some parts as they are.

    Args:
        parts: to keep.
    """

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        self._parts = parts
        for part in parts:
            part.requires_grad_(requires_grad=False)

    def on_train_epoch_start(self, *_: Trainer | LightningModule) -> None:
        """Put the parts into evaluation mode, which the trainer has taken them out of."""
        for part in self._parts:
            part.eval()
