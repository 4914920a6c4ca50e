"""The timeline as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality
from emotion_core.replay.annotate import COLOURS
from emotion_core.replay.soundtrack import SpokenWords
from emotion_core.replay.timeline import TimelineRow, segments

_MODALITY_STYLES = (("face", "0.45"), ("voice", "tab:green"), ("words", "tab:purple"))


def plot_timeline(
    rows: Sequence[TimelineRow],
    path: Path,
    title: str,
    utterances: Sequence[SpokenWords] = (),
) -> None:
    """Draw one face over time as a PNG: probabilities, modalities, affect, label and words.

    Args:
        rows: of one face, in the order of time; may be empty.
        path: of the PNG.
        title: over the picture.
        utterances: what was said.
    """
    figure = Figure(figsize=(11, 8.5), layout="constrained")
    FigureCanvasAgg(figure)
    probability_axes, affect_axes, modality_axes, weight_axes, label_axes = figure.subplots(
        5, 1, sharex=True, height_ratios=(4, 3, 3, 1.5, 0.8)
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
    _plot_modalities(modality_axes, weight_axes, rows)
    for utterance in utterances:
        modality_axes.axvspan(utterance.start, utterance.end, color="tab:green", alpha=0.08)
        label_axes.text(utterance.start, 0.5, utterance.text, fontsize="x-small", va="center")
    for segment in segments(rows):
        label_axes.axvspan(segment.start, segment.end, color=_rgb(segment.label))
    label_axes.set(yticks=[], xlabel="time, s", ylabel="label")
    figure.savefig(path, dpi=110)


def _plot_modalities(valence: Axes, weights: Axes, rows: Sequence[TimelineRow]) -> None:
    """Draw what each modality says about valence beside the fused value, and their shares."""
    times = [row.time for row in rows]
    for modality, (name, colour) in zip(Modality, _MODALITY_STYLES, strict=True):
        values = [
            math.nan if scores is None else float(scores.valence_arousal[0])
            for scores in (row.evidence.by_modality()[modality] for row in rows)
        ]
        valence.plot(times, values, color=colour, label=name, linewidth=1)
    valence.plot(
        times, [row.expression.valence for row in rows], color="tab:red", label="fused", linewidth=2
    )
    valence.axhline(0, color="0.7", linewidth=0.8)
    valence.set(ylabel="valence", ylim=(-1, 1))
    valence.legend(loc="upper left", ncols=4, fontsize="small")
    shares = np.array([row.weights for row in rows]).reshape(-1, len(Modality))
    colours = [colour for _, colour in _MODALITY_STYLES]
    weights.stackplot(times, shares.T, colors=colours, alpha=0.7)
    weights.set(ylabel="weight", ylim=(0, 1))


def _rgb(label: str) -> tuple[float, float, float]:
    blue, green, red = COLOURS[label]
    return red / 255, green / 255, blue / 255
