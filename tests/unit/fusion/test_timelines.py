"""Composed timelines: made of what the settings say, and the same again for the same seed."""

import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import SCORES, Modality
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_train.evaluation.fusion import onset_delays
from emotion_train.tasks.fusion.bank import Bank, Banks
from emotion_train.tasks.fusion.settings import TimelineSettings
from emotion_train.tasks.fusion.timelines import MISSING, TimelineComposer

pytestmark = pytest.mark.unit


def bank(samples, views, seconds=0.0):
    labels = np.arange(samples) % len(LABELS)
    features = np.zeros((samples, views, SCORES + 4), np.float32)
    features[np.arange(samples), :, labels] = 3.0
    return Bank(features, np.full(samples, views), labels, np.full(samples, seconds, np.float32))


@pytest.fixture
def banks():
    return Banks(bank(21, 3), bank(14, 8, seconds=2.25), bank(14, 1, seconds=2.0), "made up")


def compose(banks, seed=0, contradicting=(), **settings):
    quiet = {"contradiction": (0.0, 0.0, 0.0), "absence": 0.0, "face_missing": 0.0, **settings}
    composer = TimelineComposer(banks, TimelineSettings(**quiet), contradicting)
    return composer.compose(np.random.default_rng(seed))


def shown(banks, timeline, modality):
    places = timeline.samples[:, modality]
    labels = banks.in_order()[modality].labels[np.maximum(places, 0)]
    return np.where(places == MISSING, MISSING, labels)


def test_the_same_seed_gives_the_same_timeline(banks):
    first, second, other = (compose(banks, seed) for seed in (5, 5, 6))
    assert (first.samples == second.samples).all()
    assert (first.samples != other.samples).any()


def test_without_contradiction_the_face_follows_the_label_after_its_lead(banks):
    timeline = compose(banks, face_lead=(0.0, 0.3))
    settled = timeline.since_onset >= 0.5
    assert (shown(banks, timeline, Modality.FACE)[settled] == timeline.labels[settled]).all()


def test_words_come_after_their_voice(banks):
    for seed in range(20):
        timeline = compose(banks, seed, speech=1.0, hold=(20.0, 20.0))
        voice = np.flatnonzero(timeline.samples[:, Modality.VOICE] != MISSING)
        words = np.flatnonzero(timeline.samples[:, Modality.WORDS] != MISSING)
        assert voice[0] < words[0]
        assert (np.diff(timeline.views[voice, Modality.VOICE]) >= 0).all()


def test_an_emotion_outlasts_what_is_said_in_it(banks):
    for seed in range(20):
        timeline = compose(
            banks,
            seed,
            speech=1.0,
            hold=(0.5, 1.0),
            speech_lead=(1.0, 1.0),
            after_speech=(1.0, 1.5),
        )
        changes = np.flatnonzero(np.diff(timeline.labels)) + 1
        # A second until it begins, what is said, and a second after it.
        assert (np.diff(changes) * STEP_SECONDS >= 1.0 + banks.voice.seconds[0] + 0.9).all()
        voiced = timeline.samples[:, Modality.VOICE] != MISSING
        found = shown(banks, timeline, Modality.VOICE)
        assert (found[voiced] == timeline.labels[voiced]).all()


def test_a_contradicting_modality_never_shows_the_label(banks):
    timeline = compose(banks, contradicting=[Modality.VOICE], hold=(20.0, 20.0), speech=1.0)
    voiced = timeline.samples[:, Modality.VOICE] != MISSING
    assert voiced.any()
    found = shown(banks, timeline, Modality.VOICE)[voiced]
    assert (found != timeline.labels[voiced]).all()


def test_something_always_stays(banks):
    for seed in range(30):
        assert compose(banks, seed, absence=1.0, speech=1.0).presence.any()


def test_delays_count_from_the_change_and_are_endless_when_it_is_missed():
    labels = np.array([[0, 0, 0, 1, 1, 1, 2, 2]])
    predicted = np.array([[0, 0, 0, 0, 0, 1, 1, 1]])
    np.testing.assert_allclose(onset_delays(predicted, labels), [0.2, np.inf])
