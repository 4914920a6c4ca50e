"""Prepared clips as batches."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emotion_train.corpora.affwild import load_clip, split_names
from emotion_train.corpora.errors import CorpusError
from emotion_train.sampling import BatchSampler
from emotion_train.tasks.affect_video.settings import AffectVideoExperiment
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.face.data import resolve_data_path


class ClipBatch(NamedTuple):
    """Clips and their labels.

    Attributes:
        frames: uint8 (N, T, 3, 224, 224), RGB.
        values: float (N, T) in [-1, 1].
    """

    frames: Tensor
    values: Tensor


class ClipDataset(Dataset[ClipBatch]):
    """Clips read from their files when they are asked for.

    Args:
        files: prepared clips.
        target: ``valence`` or ``arousal``.
    """

    def __init__(self, files: list[Path], target: str) -> None:
        self.files = files
        self._target = target

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, positions: Tensor) -> ClipBatch:
        """Return the clips at int64 (N,) positions."""
        clips = [load_clip(self.files[int(position)]) for position in positions]
        frames = torch.stack([torch.from_numpy(clip.frames) for clip in clips])
        values = torch.stack([torch.from_numpy(getattr(clip, self._target)) for clip in clips])
        return ClipBatch(frames.permute(0, 1, 4, 2, 3), values)


class AffectVideoDataModule(TaskData):
    """The clips of an experiment, divided by video.

    Raises:
        CorpusError: if there are no prepared clips or too few to divide.
    """

    def __init__(self, experiment: AffectVideoExperiment) -> None:
        super().__init__()
        self._batch_size = experiment.data.batch_size
        self._seed = experiment.seed
        folder = resolve_data_path(experiment.data.prepared)
        files = {path.stem: path for path in sorted(folder.glob("*.safetensors"))}
        if not files:
            raise CorpusError(
                f"{folder} holds no prepared clips; run `emotion-train prepare affwild`"
            )
        self.train, self.valid, self.test = (
            ClipDataset([files[name] for name in names], experiment.target)
            for names in split_names(list(files), experiment.seed).values()
        )

    def fingerprint(self) -> str:
        """Return a sha256 over the files of all splits."""
        digest = hashlib.sha256()
        for dataset in (self.train, self.valid, self.test):
            for path in dataset.files:
                digest.update(path.name.encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        """Batches in random order."""
        sampler = BatchSampler(
            len(self.train),
            min(self._batch_size, len(self.train)),
            seed=self._seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )
        return DataLoader(self.train, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[ClipBatch]:
        """Every validation clip once, in order."""
        positions = list(torch.arange(len(self.valid)).split(self._batch_size))  # type: ignore[no-untyped-call]
        return DataLoader(self.valid, sampler=positions, batch_size=None)
