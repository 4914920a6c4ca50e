from __future__ import annotations

import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_train.calibration import fit_temperature
from emotion_train.evaluation.classification import (
    classification_figures,
    expected_calibration_error,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_temperature_of_overconfident_logits_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20000, 7))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([random.choice(7, p=row) for row in probabilities])
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.05)


def test_calibration_error_of_known_cases() -> None:
    sure = np.tile([1.0, 0.0], (10, 1))
    assert expected_calibration_error(sure, np.zeros(10, int)) == 0.0
    assert expected_calibration_error(sure, np.ones(10, int)) == 1.0
    half = np.tile([0.75, 0.25], (4, 1))
    assert expected_calibration_error(half, np.array([0, 0, 0, 1])) == pytest.approx(0.0)
    assert expected_calibration_error(half, np.array([0, 0, 1, 1])) == pytest.approx(0.25)


def test_figures_of_a_small_table() -> None:
    labels = np.array([0, 0, 1, 2])
    probabilities = np.eye(7)[[0, 1, 1, 2]]
    figures = classification_figures(probabilities, labels, LABELS)
    assert figures.accuracy == 0.75
    assert figures.n == 4
    assert figures.per_class["neutral"].recall == 0.5
    assert figures.per_class["happy"].precision == 0.5
    assert figures.per_class["fear"].support == 0
    assert figures.confusion[0][:2] == [1, 1]
    assert figures.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 7)


def test_nothing_to_evaluate() -> None:
    with pytest.raises(ValueError, match="no samples"):
        classification_figures(np.empty((0, 7)), np.empty(0, int), LABELS)
