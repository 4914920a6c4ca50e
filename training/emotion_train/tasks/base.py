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
        """Return the parts below the heads, which a frozen start leaves as they are.

        The output of the last one is watched for features that are the same for every sample.
        """

    def load_parts(self) -> None:
        """Load trained parts that the settings name; called once, before a new run's training."""
