"""A run and its checks as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion_core.affect import LABELS
from emotion_core.replay.annotate import COLOURS
from emotion_core.replay.check_results import CheckResult, bounds_text, value_text
from emotion_core.replay.checks import Check
from emotion_core.replay.run_record import RunRecord

_PASSED = "tab:green"
_FAILED = "tab:red"
_ROW_INCHES = 0.28
_LONGEST_GAP = 0.5
_FRAME_SECONDS = 0.04


def plot_checks(
    run: RunRecord,
    checks: Sequence[Check],
    results: Sequence[CheckResult],
    path: Path,
    title: str,
) -> None:
    """Draw labels, faces and head over time, and the span and outcome of every check, as a PNG.

    Args:
        run: what happened.
        checks: that were made.
        results: of these, in the same order.
        path: of the PNG.
        title: over the picture.

    Raises:
        OSError: if the file cannot be written.
    """
    height = 6 + _ROW_INCHES * len(checks)
    figure = Figure(figsize=(11, height), layout="constrained")
    FigureCanvasAgg(figure)
    rows = max(_ROW_INCHES * len(checks), 0.1)
    label_axes, face_axes, head_axes, check_axes = figure.subplots(
        4, 1, sharex=True, height_ratios=(1.4, 1, 3, rows)
    )
    end = max(run.duration, 0.1)
    label_axes.set(xlim=(0, end), title=title)
    _draw_labels(label_axes, run)
    face_axes.step(
        [frame.time for frame in run.faces],
        [len(frame.face_ids) for frame in run.faces],
        where="post",
    )
    face_axes.set(ylabel="faces")
    _draw_head(head_axes, run)
    _draw_checks(check_axes, checks, results, end)
    check_axes.set(xlabel="time, s")
    figure.savefig(path, dpi=110)


def _draw_labels(axes: Axes, run: RunRecord) -> None:
    faces = list(dict.fromkeys(expression.face_id for expression in run.expressions))
    shown = set()
    for row, face in enumerate(faces):
        for start, stop, label in _stretches(run, face):
            axes.barh(
                row,
                stop - start,
                left=start,
                height=0.8,
                color=_rgb(label),
                label=None if label in shown else label,
            )
            shown.add(label)
    axes.set(yticks=range(len(faces)), yticklabels=faces, ylabel="label")
    if shown:
        axes.legend(ncols=len(LABELS), loc="upper center", fontsize="x-small")


def _stretches(run: RunRecord, face: str) -> list[tuple[float, float, str]]:
    """Return start, end and label of every stretch in which a face keeps its label."""
    found: list[tuple[float, float, str]] = []
    for entry in run.expressions:
        if entry.face_id != face:
            continue
        joined = bool(found) and entry.time - found[-1][1] <= _LONGEST_GAP
        if joined:
            found[-1] = (found[-1][0], entry.time, found[-1][2])
        if not joined or found[-1][2] != entry.label:
            found.append((entry.time, entry.time + _FRAME_SECONDS, entry.label))
    return found


def _draw_head(axes: Axes, run: RunRecord) -> None:
    for name, column, colour in (("pan", 1, "tab:blue"), ("tilt", 2, "tab:orange")):
        if run.head:
            head = np.array([(entry.time, entry[column]) for entry in run.head])
            axes.plot(head[:, 0], np.degrees(head[:, 1]), color=colour, label=name)
        if run.gaze:
            times = [entry.time for entry in run.gaze]
            target = [entry.pan if name == "pan" else entry.tilt for entry in run.gaze]
            label = f"{name} of target"
            axes.plot(times, np.degrees(target), color=colour, linestyle=":", label=label)
    axes.set(ylabel="head, °")
    if run.head or run.gaze:
        axes.legend(ncols=4, loc="upper left", fontsize="small")


def _draw_checks(
    axes: Axes, checks: Sequence[Check], results: Sequence[CheckResult], end: float
) -> None:
    for row, (check, result) in enumerate(zip(checks, results, strict=True)):
        start = float(getattr(check, "at", check.start))
        stop = min(check.end, end)
        colour = _PASSED if result.passed else _FAILED
        axes.barh(row, max(stop - start, 0.02 * end), left=start, color=colour, alpha=0.35)
        axes.text(
            start,
            row,
            f" {result.name}: {value_text(result)} ({bounds_text(result)})",
            verticalalignment="center",
            fontsize="small",
            clip_on=True,
            in_layout=False,
        )
    axes.set(yticks=[], ylabel="checks")
    axes.invert_yaxis()


def _rgb(label: str) -> tuple[float, float, float]:
    blue, green, red = COLOURS[label]
    return red / 255, green / 255, blue / 255
