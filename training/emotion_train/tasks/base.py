"""What every task gives to a run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from lightning import LightningDataModule, LightningModule
from torch import nn


class TaskData(LightningDataModule):
    """A task's batches."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a digest of everything the run is trained and validated on."""


class TaskModule(LightningModule):
    """A task's network and how it is trained.

    Attributes:
        network: what is exported.
    """

    network: nn.Module

    @abstractmethod
    def backbone(self) -> Sequence[nn.Module]:
        """Return the parts below the heads, which a frozen start leaves as they are."""
