"""Several runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from emotion_train.curves import read_curves
from emotion_train.errors import TrainingError
from emotion_train.runs import RESOLVED
from emotion_train.tasks.registry import load_experiment

Curves = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class ComparedRun:
    """How a run has gone.

    Attributes:
        name: of its folder.
        figure: what is compared, as the curves call it.
        best: value of the figure.
        epoch: in which it was best, from 0.
        epochs: so many are over.
        curves: the figures of each epoch.
    """

    name: str
    figure: str
    best: float
    epoch: int
    epochs: int
    curves: Curves


def compare_run(directory: Path, figure: str | None = None) -> ComparedRun:
    """Read a run, also one that is under way.

    Args:
        directory: the run's folder.
        figure: such as ``val/accuracy``; None takes the one by which its task chooses.

    Raises:
        ExperimentError: if there is no run.
        TrainingError: if it has not had such a figure yet; with those that it has had.
    """
    _, task = load_experiment(directory / RESOLVED)
    name = figure or task.monitor
    curves = read_curves(directory)
    rows = [row for row in curves if name in row]
    if not rows:
        known = (
            ", ".join(sorted({key for row in curves for key in row if "/" in key})) or "none yet"
        )
        raise TrainingError(f"{directory} has no figure {name!r}; it has {known}")
    lowest = task.mode == "min" if figure in (None, task.monitor) else "loss" in name
    best = (min if lowest else max)(rows, key=lambda row: row[name])
    return ComparedRun(directory.name, name, best[name], int(best["epoch"]), len(curves), curves)


def comparison_figure(runs: Sequence[ComparedRun]) -> Figure:
    """Draw the compared figure of all runs by epoch, and where each was best."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for run in runs:
        points = [(row["epoch"], row[run.figure]) for row in run.curves if run.figure in row]
        (line,) = axes.plot(*zip(*points, strict=True), label=run.name)
        axes.plot(run.epoch, run.best, "o", color=line.get_color())
    axes.set_xlabel("epoch")
    axes.set_ylabel(", ".join(sorted({run.figure for run in runs})))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure
