"""Runs on tiny recordings that a test can afford."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import lightning
import torch

from emotion_train.checkpoints import read_state
from emotion_train.fit import fit
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.registry import load_experiment

NETWORK = {
    "face": {"widths": [8, 12], "depths": [1, 1]},
    "voice": {"widths": [4, 8], "depths": [1, 1]},
    "fusion": {"width": 6, "hidden_size": 8},
}


ADAM = {"name": "adamw", "learning_rate": 0.002, "schedule": {"name": "constant"}}
FRESH = {name: {"start": "reinitialised"} for name in ("face", "voice", "fusion")}


Write = Callable[..., Path]


def train(file: Path, directory: Path, *overrides: str, resume: bool = False) -> Path:
    experiment, task = load_experiment(file, overrides)
    fit(experiment, task, directory, resume=resume, accelerator="cpu", devices=1)
    return directory


def weights(directory: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return read_state(directory / f"{name}.ckpt")


def step(experiment: AudioVisualExperiment, steps: int = 2) -> AudioVisualModule:
    """Take a few optimiser steps and validate once, without the surroundings of a run."""
    lightning.seed_everything(experiment.seed, verbose=False)
    module = AudioVisualModule(experiment)
    module.load_parts()
    trainer = lightning.Trainer(
        max_epochs=1,
        limit_train_batches=steps,
        limit_val_batches=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    trainer.fit(module, datamodule=AudioVisualDataModule(experiment))
    assert all(value.isfinite() for value in trainer.callback_metrics.values())
    assert "val/score" in trainer.callback_metrics
    return module


def load(file: Path, *overrides: str) -> AudioVisualExperiment:
    experiment, _ = load_experiment(file, overrides)
    assert isinstance(experiment, AudioVisualExperiment)
    return experiment
