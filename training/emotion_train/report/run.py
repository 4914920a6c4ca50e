"""The report of a training run."""

from __future__ import annotations

from pathlib import Path

from emotion_train.checkpoints import load_weights
from emotion_train.curves import read_curves
from emotion_train.experiment import Experiment
from emotion_train.report.figures import curves_figure
from emotion_train.report.page import Section, write_page
from emotion_train.tasks.base import TaskData
from emotion_train.tasks.registry import Task


def write_report(
    experiment: Experiment, task: Task, data: TaskData, directory: Path, checkpoint: Path
) -> Path:
    """Write ``report.html`` of a run.

    Args:
        experiment: the run's settings.
        task: its task.
        data: its batches.
        directory: its folder, with the curves.
        checkpoint: whose weights are shown.
    """
    module = task.module(experiment)
    load_weights(module, checkpoint)
    sections = [
        Section("Curves", [curves_figure(read_curves(directory))]),
        *task.report(module, data),
        Section("Experiment", [experiment.model_dump_json(indent=2)]),
    ]
    path = directory / "report.html"
    write_page(path, f"{experiment.name}: {experiment.description}".rstrip(": "), sections)
    return path
