import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.affect import LABELS
from emotion_core.inference.smoothing import (
    ExpressionSmoother,
    PeopleSmoother,
    SmoothingParameters,
)

pytestmark = pytest.mark.unit

SAD, HAPPY = LABELS.index("sad"), LABELS.index("happy")


def sure(index, confidence=0.9):
    probabilities = np.full(7, (1 - confidence) / 6, np.float32)
    probabilities[index] = confidence
    return probabilities


AFFECT = np.zeros(2, np.float32)


def test_the_first_sample_passes_unchanged():
    expression = ExpressionSmoother(SmoothingParameters()).update(sure(SAD), AFFECT, 5.0)
    assert expression.label == "sad"
    assert expression.confidence == pytest.approx(0.9)


@pytest.mark.parametrize("rate", [10.0, 25.0, 60.0])
def test_a_change_of_expression_is_shown_within_300_ms(rate):
    smoother = ExpressionSmoother(SmoothingParameters())
    for index in range(int(2 * rate)):
        smoother.update(sure(SAD), AFFECT, index / rate)
    change = 2.0
    shown = next(
        time
        for time in change + np.arange(0, rate) / rate
        if smoother.update(sure(HAPPY), AFFECT, time).label == "happy"
    )
    assert shown - change <= 0.3


def test_a_single_odd_frame_does_not_flip_the_label():
    smoother = ExpressionSmoother(SmoothingParameters())
    for index in range(25):
        smoother.update(sure(SAD), AFFECT, index / 25)
    assert smoother.update(sure(HAPPY), AFFECT, 1.0).label == "sad"


def test_near_ties_do_not_flicker():
    smoother = ExpressionSmoother(SmoothingParameters(time_constant=0.0, margin=0.1))
    tie = np.full(7, 0.02, np.float32)
    tie[SAD], tie[HAPPY] = 0.48, 0.42
    assert smoother.update(tie, AFFECT, 0.0).label == "sad"
    tie[SAD], tie[HAPPY] = 0.42, 0.48
    assert smoother.update(tie, AFFECT, 0.04).label == "sad"


def test_after_a_pause_the_old_history_does_not_count():
    smoother = ExpressionSmoother(SmoothingParameters(expiry=1.0))
    smoother.update(sure(SAD), AFFECT, 0.0)
    assert smoother.update(sure(HAPPY), AFFECT, 1.5).confidence == pytest.approx(0.9)


def test_a_late_sample_changes_nothing():
    smoother = ExpressionSmoother(SmoothingParameters())
    smoother.update(sure(SAD), AFFECT, 1.0)
    late = smoother.update(sure(HAPPY), AFFECT, 0.5)
    assert late.label == "sad"
    assert late.confidence == pytest.approx(0.9)
    assert smoother.time == 1.0


def test_people_do_not_mix():
    people = PeopleSmoother()
    people.update("a", sure(SAD), AFFECT, 0.0)
    assert people.update("b", sure(HAPPY), AFFECT, 0.0).label == "happy"
    assert people.update("a", sure(SAD), AFFECT, 0.04).label == "sad"


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 100.0),
            st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7),
            st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
        ),
        min_size=1,
    )
)
def test_any_sequence_keeps_probabilities_and_ranges(samples):
    smoother = ExpressionSmoother(SmoothingParameters())
    for time, weights, affect in samples:
        probabilities = np.array(weights, np.float32)
        probabilities /= probabilities.sum()
        expression = smoother.update(probabilities, np.array(affect, np.float32), time)
        assert expression.probabilities.sum() == pytest.approx(1.0, abs=1e-4)
        assert (expression.probabilities >= 0).all()
        assert -1 <= expression.valence <= 1
        assert -1 <= expression.arousal <= 1


@pytest.mark.parametrize("parameters", [{"time_constant": -0.1}, {"expiry": 0.0}, {"margin": 1.0}])
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ValueError, match="out of range"):
        SmoothingParameters(**parameters)
