"""What every task gives to a run."""

from __future__ import annotations

from abc import abstractmethod

from lightning import LightningDataModule


class TaskData(LightningDataModule):
    """A task's batches."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a digest of everything the run is trained and validated on."""
