"""What every task gives to a run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning import LightningDataModule, LightningModule
from torch import nn

if TYPE_CHECKING:
    from emotion_train.distillation import Teachers


class TaskData(LightningDataModule):
    """A task's batches."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a digest of everything the run is trained and validated on."""


class TaskModule(LightningModule):
    """A task's network and how it is trained.

    Attributes:
        network: what is exported.
        teachers: whose opinion of the training samples it matches, too.
    """

    network: nn.Module
    teachers: Teachers | None = None

    @abstractmethod
    def backbone(self) -> Sequence[nn.Module]:
        """Return the parts below the heads, which a frozen start leaves as they are.

        The output of the last one is watched for features that are the same for every sample.
        """

    def on_fit_start(self) -> None:
        """Bring the teachers to where the student is."""
        if self.teachers is not None:
            self.teachers.to(self.device)

    def load_parts(self) -> None:
        """Load trained parts that the settings name; called once, before a new run's training."""
