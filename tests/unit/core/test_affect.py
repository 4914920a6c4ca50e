import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.affect import (
    AFFECT_CONCEPTS,
    EMOTION_COORDINATES,
    LABELS,
    Emotion,
    affect_concept,
    expected_valence_arousal,
)

pytestmark = pytest.mark.unit


def test_label_order_is_the_published_one():
    assert LABELS == ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")


def test_every_rep155_word_leads_back_to_its_emotion():
    assert [Emotion.from_rep155(emotion.rep155) for emotion in Emotion] == list(Emotion)


def test_an_unknown_rep155_word_is_refused_by_name():
    with pytest.raises(ValueError, match="'bored'"):
        Emotion.from_rep155("bored")


@pytest.mark.parametrize(("index", "concept"), enumerate(AFFECT_CONCEPTS))
def test_each_concept_lies_at_its_angle(index, concept):
    angle = math.radians(45 * index)
    for offset in (-0.38, 0.0, 0.38):
        assert affect_concept(math.cos(angle + offset), math.sin(angle + offset)) == concept


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_every_point_of_the_plane_has_a_concept(valence, arousal):
    assert affect_concept(valence, arousal) in AFFECT_CONCEPTS


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_has_no_concept(value):
    with pytest.raises(ValueError, match="finite"):
        affect_concept(value, 0.0)


def test_certainty_of_one_emotion_gives_its_coordinates():
    np.testing.assert_allclose(expected_valence_arousal(np.eye(7)), EMOTION_COORDINATES)


def test_happy_is_pleasant_and_sad_is_not():
    assert affect_concept(*Emotion.HAPPY.coordinates) in ("pleasure", "excitement")
    assert affect_concept(*Emotion.SAD.coordinates) in ("misery", "depression")
