"""One training run: from an experiment to a folder with checkpoints and figures."""

from __future__ import annotations

import importlib.util
import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from emotion_train.callbacks.feature_collapse import FeatureCollapse
from emotion_train.callbacks.freeze import Freeze
from emotion_train.callbacks.weight_average import MovingAverage
from emotion_train.checkpoints import BEST, LAST, load_weights
from emotion_train.curves import CURVES
from emotion_train.distillation import load_teachers
from emotion_train.experiment import (
    Experiment,
    ExperimentError,
    code_version,
    read_settings,
    write_settings,
)
from emotion_train.report.run import write_report
from emotion_train.runs import RESOLVED
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.registry import Task

PROVENANCE = "provenance.json"
WANDB_VARIABLES = frozenset({"WANDB_API_KEY", "WANDB_MODE"})


@dataclass(frozen=True)
class RunResult:
    """What a run has reached.

    Attributes:
        checkpoint: with the best weights.
        score: the task's monitored figure with them.
    """

    checkpoint: Path
    score: float


def fit(
    experiment: Experiment,
    task: Task,
    directory: Path,
    *,
    resume: bool = False,
    accelerator: str = "auto",
    devices: int | str = "auto",
    hosts: int = 1,
) -> RunResult:
    """Train an experiment.

    Args:
        experiment: its settings.
        task: the task they belong to.
        directory: gets the resolved settings, provenance, logs, ``best.ckpt``, ``last.ckpt``
            and ``report.html``.
        resume: go on from ``last.ckpt`` when it is there.
        accelerator: see `lightning.Trainer`.
        devices: see `lightning.Trainer`.
        hosts: number of machines, each started with torchrun.

    Returns:
        The best checkpoint and its score.

    Raises:
        CheckpointError: if the weights to start from, or a teacher's, cannot be used.
        ExperimentError: if the folder holds a run that is not to be resumed, or one that was
            started with other settings.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lightning.seed_everything(experiment.seed)
    # Deterministic algorithms fill all new memory before it is used, which only helps to find bugs.
    torch.utils.deterministic.fill_uninitialized_memory = False
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # Ours is the hook that is meant, and the run's folder is meant to be used again.
    warnings.filterwarnings("ignore", message=".*overridden `on_.*_batch_transfer`.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
    data = task.data(experiment)
    last = directory / f"{LAST}.ckpt"
    checkpoint = last if resume and last.is_file() else None
    if checkpoint is not None:
        _require_same(experiment, directory / RESOLVED)
    elif last.is_file():
        raise ExperimentError(
            f"{directory} holds a run already: resume it or choose another folder"
        )
    _record(experiment, data, directory)
    module = task.module(experiment)
    if checkpoint is None:
        module.load_parts()
    if experiment.distillation is not None:
        module.teachers = load_teachers(experiment.distillation, module)
    callbacks = _callbacks(experiment, task, directory)
    callbacks.append(FeatureCollapse(module.backbone()[-1]))
    if experiment.start is not None:
        load_weights(module, experiment.start.weights)
        if experiment.start.frozen:
            callbacks.append(Freeze(module.backbone()))
    trainer = lightning.Trainer(
        max_epochs=experiment.trainer.epochs,
        precision=experiment.trainer.precision,
        gradient_clip_val=experiment.trainer.gradient_clip or None,
        accelerator=accelerator,
        devices=devices,
        num_nodes=hosts,
        logger=_loggers(experiment, directory),
        callbacks=callbacks,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
        use_distributed_sampler=False,
        enable_model_summary=False,
        deterministic="warn",
    )
    trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    best = directory / f"{BEST}.ckpt"
    if trainer.is_global_zero:
        write_report(experiment, task, data, directory, best)
    return RunResult(best, _best_score(callbacks))


def _record(experiment: Experiment, data: TaskData, directory: Path) -> None:
    write_settings(experiment, directory / RESOLVED)
    provenance = {
        "code": code_version(),
        "data_sha256": data.fingerprint(),
        "seed": experiment.seed,
        "torch": torch.__version__,
        "lightning": lightning.__version__,
    }
    (directory / PROVENANCE).write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")


def _loggers(experiment: Experiment, directory: Path) -> list[Logger]:
    loggers: list[Logger] = [
        CSVLogger(directory, name=CURVES),
        TensorBoardLogger(directory, name="", version="tensorboard"),
    ]
    # Only for those who have installed and set up Weights & Biases: it sends figures away.
    if importlib.util.find_spec("wandb") is not None and not WANDB_VARIABLES.isdisjoint(os.environ):
        loggers.append(WandbLogger(name=experiment.name, save_dir=directory))
    return loggers


def _require_same(experiment: Experiment, resolved: Path) -> None:
    started = read_settings(resolved)
    now = experiment.model_dump(mode="json")
    changed = sorted(key for key in started.keys() | now.keys() if started.get(key) != now.get(key))
    if changed:
        raise ExperimentError(
            f"{resolved.parent} was started with other settings ({', '.join(changed)}); "
            "resume it with the same ones or choose another folder"
        )


def _best_score(callbacks: Sequence[Callback]) -> float:
    scores = [
        callback.best_model_score
        for callback in callbacks
        if isinstance(callback, ModelCheckpoint) and callback.monitor is not None
    ]
    return float("nan") if scores[0] is None else float(scores[0])


def _callbacks(experiment: Experiment, task: Task, directory: Path) -> list[Callback]:
    callbacks: list[Callback] = [
        TQDMProgressBar(refresh_rate=10),
        LearningRateMonitor("epoch"),
        ModelCheckpoint(
            directory,
            filename=BEST,
            monitor=task.monitor,
            mode=task.mode,
            enable_version_counter=False,
        ),
        # A separate one: that of the best does not write an epoch without progress.
        ModelCheckpoint(directory, filename=LAST, enable_version_counter=False),
    ]
    if experiment.trainer.ema_decay > 0:
        callbacks.insert(0, MovingAverage(experiment.trainer.ema_decay))
    if experiment.trainer.patience > 0:
        callbacks.append(
            EarlyStopping(task.monitor, patience=experiment.trainer.patience, mode=task.mode)
        )
    return callbacks
