"""The figures of a report, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from emotion_train.evaluation.classification import CALIBRATION_BINS

Pictures = Sequence[npt.NDArray[np.uint8]] | npt.NDArray[np.uint8]


def curves_figure(curves: Sequence[Mapping[str, float]]) -> Figure:
    """Draw losses on the left and shares (accuracy, F1, …) on the right, by epoch."""
    figure = Figure(figsize=(11, 4))
    left, right = figure.subplots(1, 2)
    names = sorted({name for row in curves for name in row if name.startswith(("train/", "val/"))})
    for name in names:
        points = [(row["epoch"], row[name]) for row in curves if name in row]
        axes = left if "loss" in name else right
        axes.plot(*zip(*points, strict=True), label=name, marker="." if len(points) < 3 else "")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def confusion_figure(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Figure:
    """Draw a confusion matrix: shares of the true class by colour, counts as numbers."""
    matrix = np.asarray(counts)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    return figure


def calibration_figure(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> Figure:
    """Draw accuracy against confidence in bins, and how many predictions fall into each."""
    confidence = probabilities.max(axis=1)
    correct = (probabilities.argmax(axis=1) == labels).astype(float)
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    bins = np.clip(np.digitize(confidence, edges) - 1, 0, CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    accuracy = np.bincount(bins, weights=correct, minlength=CALIBRATION_BINS) / np.maximum(
        counts, 1
    )
    figure = Figure(figsize=(5, 5))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    width = 1 / CALIBRATION_BINS
    upper.bar(edges[:-1], accuracy, width, align="edge", edgecolor="white")
    upper.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=1)
    upper.set_ylabel("accuracy")
    lower.bar(edges[:-1], counts, width, align="edge", edgecolor="white")
    lower.set_xlabel("confidence")
    lower.set_ylabel("predictions")
    return figure


def gradients_figure(gradients: Mapping[str, npt.NDArray[np.floating]]) -> Figure:
    """Draw the distribution of log10 |gradient| of each layer as one row."""
    edges = np.linspace(-10, 1, 67)
    rows = []
    for values in gradients.values():
        sizes = np.log10(np.maximum(np.abs(values).ravel(), 1e-12))
        counts, _ = np.histogram(np.clip(sizes, edges[0], edges[-1]), bins=edges)
        rows.append(counts / max(counts.max(), 1))
    figure = Figure(figsize=(8, 1 + 0.22 * len(rows)))
    axes = figure.subplots()
    axes.imshow(np.array(rows), aspect="auto", extent=(-10, 1, len(rows), 0), cmap="viridis")
    axes.set_yticks(np.arange(len(rows)) + 0.5, list(gradients), fontsize=7)
    axes.set_xlabel("log10 of the gradient's size")
    return figure


def pictures_figure(pictures: Pictures, titles: Sequence[str], columns: int = 8) -> Figure:
    """Draw grey or RGB pictures in rows, each with a title."""
    rows = max(-(-len(pictures) // columns), 1)
    figure = Figure(figsize=(1.45 * columns, 1.75 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, picture, title in zip(grid, pictures, titles, strict=False):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=7)
    return figure
