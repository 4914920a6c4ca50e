"""The training loop's speed against the bare step of the same network on faces in memory."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from emotion_core.affect import LABELS
from emotion_train.fit import fit
from emotion_train.optimization import configure_optimization
from emotion_train.tasks.face.augmentation import FaceBatch, augment, prepare
from emotion_train.tasks.face.data import FaceDataModule
from emotion_train.tasks.face.module import FaceModule
from emotion_train.tasks.face.settings import FaceExperiment
from emotion_train.tasks.registry import Task, load_experiment

EXPERIMENT = Path(__file__).parents[2] / "training" / "experiments" / "face.yaml"
WARM_UP = 3
"""Steps before the clock starts."""


class _TimedModule(FaceModule):
    """Notes when each training step of the loop begins."""

    def __init__(self, experiment: FaceExperiment) -> None:
        super().__init__(experiment)
        self.moments: list[float] = []

    def on_train_batch_start(self, *_: object) -> None:
        self.moments.append(time.perf_counter())


def run(steps: int = 20) -> dict[str, Any]:
    """Train on made-up faces for one epoch, and take the same steps without a loop around them.

    The bare steps are taken before and after, so that a change of the machine's speed meets both.

    Args:
        steps: of the epoch.

    Returns:
        ``loop_images_per_s`` of `emotion-train fit`, ``step_images_per_s`` of the bare steps with
        the same augmentation, network, objective and optimiser, and ``ratio`` of the two.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        experiment, task = _experiment(folder, steps)
        modules: list[_TimedModule] = []

        def module(settings: FaceExperiment) -> _TimedModule:
            modules.append(_TimedModule(settings))
            return modules[-1]

        bare = [_bare_step_seconds(experiment, steps)]
        fit(experiment, dataclasses.replace(task, module=module), folder / "run", devices=1)
        bare.append(_bare_step_seconds(experiment, steps))
    # The report makes a module of its own; only the one that was trained has moments.
    moments = np.array(next(module.moments for module in modules if module.moments))
    loop = float(np.mean(np.diff(moments)[WARM_UP:]))
    size = experiment.data.batch_size
    return {
        "batch": size,
        "loop_images_per_s": round(size / loop, 1),
        "step_images_per_s": round(size / float(np.mean(bare)), 1),
        "ratio": round(float(np.mean(bare)) / loop, 3),
    }


def _experiment(folder: Path, steps: int) -> tuple[FaceExperiment, Task]:
    experiment, task = load_experiment(
        EXPERIMENT,
        [
            f"data.path={folder / 'faces'}",
            "data.votes=null",
            "trainer.epochs=1",
            "start=null",
        ],
    )
    assert isinstance(experiment, FaceExperiment)
    _draw_faces(folder / "faces", experiment.data.batch_size * steps)
    return experiment, task


def _draw_faces(root: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    for number in range(count + len(LABELS)):
        split = "train" if number < count else "valid"
        folder = root / split / LABELS[number % len(LABELS)]
        folder.mkdir(parents=True, exist_ok=True)
        picture = generator.integers(0, 256, (48, 48), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:06d}.png"), picture)


def _bare_step_seconds(experiment: FaceExperiment, steps: int) -> float:
    module = FaceModule(experiment).train()
    data = FaceDataModule(experiment)
    batch = data.train[torch.arange(experiment.data.batch_size)]
    optimizer = configure_optimization(module, experiment.optimizer, steps)["optimizer"]
    started = 0.0
    for step in range(steps):
        if step == WARM_UP:
            started = time.perf_counter()
        _step(module, batch, optimizer)
    return (time.perf_counter() - started) / (steps - WARM_UP)


def _step(module: FaceModule, batch: FaceBatch, optimizer: torch.optim.Optimizer) -> None:
    changed = augment(prepare(batch), module.experiment.augmentation)
    low = module.experiment.trainer.precision.startswith("bf16")
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        parts = module.loss(module(changed.crops), changed)
    optimizer.zero_grad()
    torch.stack(list(parts.values())).sum().backward()
    optimizer.step()
