"""The timeline as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion_core.affect import LABELS
from emotion_core.replay.annotate import COLOURS
from emotion_core.replay.timeline import TimelineRow, segments


def plot_timeline(rows: Sequence[TimelineRow], path: Path, title: str) -> None:
    """Draw probabilities, valence, arousal and the label of one face over time as a PNG.

    Args:
        rows: of one face, in the order of time; may be empty.
        path: of the PNG.
        title: over the picture.
    """
    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    probability_axes, affect_axes, label_axes = figure.subplots(
        3, 1, sharex=True, height_ratios=(4, 3, 0.6)
    )
    times = [row.time for row in rows]
    probabilities = np.array([row.expression.probabilities for row in rows]).reshape(
        -1, len(LABELS)
    )
    for index, label in enumerate(LABELS):
        probability_axes.plot(times, probabilities[:, index], color=_rgb(label), label=label)
    probability_axes.set(ylabel="probability", ylim=(0, 1), title=title)
    probability_axes.legend(ncols=len(LABELS), loc="upper center", fontsize="small")
    affect_axes.plot(times, [row.expression.valence for row in rows], label="valence")
    affect_axes.plot(times, [row.expression.arousal for row in rows], label="arousal")
    affect_axes.axhline(0, color="0.7", linewidth=0.8)
    affect_axes.set(ylabel="valence, arousal", ylim=(-1, 1))
    affect_axes.legend(loc="upper left", fontsize="small")
    for segment in segments(rows):
        label_axes.axvspan(segment.start, segment.end, color=_rgb(segment.label))
    label_axes.set(yticks=[], xlabel="time, s", ylabel="label")
    figure.savefig(path, dpi=110)


def _rgb(label: str) -> tuple[float, float, float]:
    blue, green, red = COLOURS[label]
    return red / 255, green / 255, blue / 255
