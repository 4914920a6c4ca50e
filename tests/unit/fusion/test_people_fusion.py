"""State per person: steps by capture time, staleness, expiry, and going on without a network."""

import pytest

from emotion_core.fusion.evidence import (
    VOICE_LIFETIME_SECONDS,
    WORDS_LIFETIME_SECONDS,
    Evidence,
)
from emotion_core.fusion.people import FACE_ONLY, PeopleFusion
from emotion_core.inference.smoothing import SmoothingParameters

pytestmark = pytest.mark.unit

RAW = SmoothingParameters(time_constant=0.0, margin=0.0)


def test_a_voice_older_than_a_second_has_no_weight(model, scores):
    people = PeopleFusion(model)
    voice = scores("sad", time=10.0)
    fresh = people.update("a", Evidence(scores("happy"), voice), 10.0 + VOICE_LIFETIME_SECONDS)
    stale = people.update("a", Evidence(scores("happy"), voice), 10.1 + VOICE_LIFETIME_SECONDS)
    assert fresh.weights[1] > 0
    assert stale.weights[1] == 0
    assert sum(stale.weights) == pytest.approx(1)


def test_words_are_remembered_for_a_while_after_the_utterance(model, scores):
    people = PeopleFusion(model)
    words = scores("angry", time=5.0)
    early = people.update("a", Evidence(words=words), 5.0 + WORDS_LIFETIME_SECONDS)
    assert early.weights == pytest.approx((0, 0, 1))
    assert people.update("a", Evidence(words=words), 5.2 + WORDS_LIFETIME_SECONDS) is None


def test_the_memory_steps_ten_times_a_second_whatever_the_frame_rate(model, scores):
    results = []
    for fps in (20, 60):
        people = PeopleFusion(model, RAW)
        for frame in range(2 * fps + 1):
            result = people.update("a", Evidence(scores("happy")), 100.0 + frame / fps)
        results.append(result.expression.probabilities)
    assert results[0] == pytest.approx(results[1], abs=1e-5)


def test_each_person_has_a_memory_and_it_is_forgotten_after_a_while(model, scores):
    people = PeopleFusion(model, RAW)
    first = people.update("a", Evidence(scores("happy")), 0.0)
    people.update("b", Evidence(scores("sad")), 0.05)
    later = people.update("a", Evidence(scores("happy")), 0.2)
    anew = people.update("a", Evidence(scores("happy")), 30.0)
    assert later.expression.probabilities != pytest.approx(first.expression.probabilities, abs=1e-6)
    assert anew.expression.probabilities == pytest.approx(first.expression.probabilities, abs=1e-6)


def test_without_a_network_the_face_goes_on_alone(scores):
    people = PeopleFusion(None)
    result = people.update("a", Evidence(scores("happy"), scores("sad")), 0.0)
    assert result.weights == FACE_ONLY
    assert result.expression.label == "happy"
    assert people.update("a", Evidence(voice=scores("sad")), 0.1) is None
