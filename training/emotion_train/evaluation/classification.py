"""Figures of a classifier from its probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (  # type: ignore[import-untyped]
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ClassFigures:
    """Figures of one class: shares in [0, 1] and how many samples have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationFigures:
    """Figures of a classifier on n samples.

    Attributes:
        accuracy: share of samples whose most probable class is theirs.
        macro_f1: mean F1 of the classes.
        ece: expected calibration error over 15 bins of equal width (Guo et al., 2017).
        per_class: figures by class name.
        confusion: (C, C) counts, true class by row, predicted by column.
        n: number of samples.
    """

    accuracy: float
    macro_f1: float
    ece: float
    per_class: dict[str, ClassFigures]
    confusion: list[list[int]]
    n: int

    @property
    def uar(self) -> float:
        """Unweighted average recall of the classes that the samples have."""
        return float(np.mean([row.recall for row in self.per_class.values() if row.support]))


def classification_figures(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    names: Sequence[str],
) -> ClassificationFigures:
    """Compute the figures.

    Args:
        probabilities: (n, C).
        labels: (n,), in [0, C).
        names: the C classes.

    Raises:
        ValueError: if there is no sample.
    """
    if len(labels) == 0:
        raise ValueError("no samples to evaluate")
    predicted = probabilities.argmax(axis=1)
    classes = list(range(len(names)))
    columns = precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    per_class = {
        name: ClassFigures(float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *columns, strict=True)
    }
    return ClassificationFigures(
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(
            f1_score(labels, predicted, labels=classes, average="macro", zero_division=0)
        ),
        ece=expected_calibration_error(probabilities, labels),
        per_class=per_class,
        confusion=confusion_matrix(labels, predicted, labels=classes).tolist(),
        n=len(labels),
    )


def expected_calibration_error(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> float:
    """Return the mean gap between confidence and accuracy over bins of confidence."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))
