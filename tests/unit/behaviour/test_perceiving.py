"""Who is there, what a face shows for longer, where the pauses are, and when to talk."""

import math
from itertools import pairwise

import pytest
from driving import probabilities
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.affect import EMOTIONS, Emotion
from emotion_core.behaviour.people import People, SeenFace
from emotion_core.behaviour.sentences import Sentences
from emotion_core.behaviour.steady_expression import SteadyExpression
from emotion_core.behaviour.voice import Voice

pytestmark = pytest.mark.unit


def show(steady, label, start, stop, confidence=0.9):
    for step in range(round(start * 20), round(stop * 20)):
        steady.observe(step / 20, probabilities(label, confidence))


class TestSteadyExpression:
    @pytest.fixture
    def steady(self, shipped):
        return SteadyExpression(shipped.expression)

    def test_a_lasting_expression_is_believed_within_two_seconds(self, steady):
        show(steady, "neutral", 0.0, 1.0)
        show(steady, "surprise", 1.0, 1.2)
        assert steady.emotion(1.2) is Emotion.NEUTRAL
        show(steady, "surprise", 1.2, 3.0)
        assert steady.emotion(3.0) is Emotion.SURPRISE

    def test_it_lasts_until_another_is_clearly_ahead(self, steady):
        show(steady, "sad", 0.0, 5.0)
        show(steady, "fear", 5.0, 10.0, confidence=0.3)
        assert steady.emotion(10.0) is not Emotion.FEAR

    def test_silence_makes_it_unknown(self, steady):
        show(steady, "happy", 0.0, 5.0)
        assert steady.emotion(7.9) is Emotion.HAPPY
        assert steady.emotion(8.1) is Emotion.NEUTRAL
        steady.observe(20.0, probabilities("happy", 0.9))
        assert steady.emotion(20.0) is Emotion.NEUTRAL

    def test_an_older_sample_is_ignored(self, steady):
        show(steady, "happy", 10.0, 15.0)
        show(steady, "sad", 0.0, 9.0)
        assert steady.emotion(15.0) is Emotion.HAPPY

    @pytest.mark.parametrize(
        "values", [[1.0] * 6, [math.nan] * 7, [2.0] + [0.0] * 6, [-0.5] + [0.25] * 6, []]
    )
    def test_what_are_no_probabilities_is_refused(self, steady, values):
        with pytest.raises(ValueError, match="7 probabilities"):
            steady.observe(0.0, values)

    def test_the_rounding_of_float32_is_no_mistake(self, steady):
        steady.observe(0.0, [1.0000001] + [-1e-9] * 6)

    @given(data=st.data())
    def test_two_changes_are_never_closer_than_the_hold(self, shipped, data):
        steady = SteadyExpression(shipped.expression)
        time, changes, before = 0.0, [], Emotion.NEUTRAL
        labels = st.tuples(
            st.sampled_from([e.value for e in EMOTIONS]), st.floats(0.2, 1.0), st.integers(1, 40)
        )
        for label, confidence, samples in data.draw(st.lists(labels, max_size=30)):
            for _ in range(samples):
                time += 0.05
                steady.observe(time, probabilities(label, confidence))
                if steady.emotion(time) is not before:
                    before = steady.emotion(time)
                    changes.append(time)
        gaps = [b - a for a, b in pairwise(changes)]
        assert all(gap >= shipped.expression.hold - 1e-6 for gap in gaps)


class TestPeople:
    @pytest.fixture
    def people(self, shipped):
        return People(shipped.times, shipped.expression)

    def see(self, people, start, stop, *ids):
        for step in range(round(start * 10), round(stop * 10) + 1):
            people.see(step / 10, [SeenFace(face_id, 0.1) for face_id in ids])

    def test_somebody_new_has_arrived_after_the_notice_time(self, people):
        self.see(people, 0.0, 0.3, "ann")
        assert people.newcomer(0.3) == ""
        self.see(people, 0.4, 0.6, "ann")
        assert people.newcomer(0.6) == "ann"
        people.greet("ann")
        assert people.newcomer(0.6) == ""

    def test_a_face_seen_now_and_then_for_a_moment_does_not_arrive(self, people):
        for start in (0.0, 5.0, 10.0, 15.0):
            self.see(people, start, start + 0.2, "ann")
            self.see(people, start + 0.3, start + 4.9)
            assert people.newcomer(start + 0.3) == ""

    def test_after_a_camera_pause_somebody_is_greeted_again(self, people, shipped):
        self.see(people, 0.0, 2.0, "ann")
        people.greet("ann")
        later = 2.0 + shipped.times.greet_again + 1.0
        self.see(people, later, later + 1.0, "ann")
        assert people.newcomer(later + 1.0) == "ann"

    def test_one_missed_frame_does_not_make_two_people_one(self, people):
        self.see(people, 0.0, 2.0, "ann")
        people.greet("ann")
        self.see(people, 2.1, 4.0, "ann", "bob")
        assert people.newcomer(4.0) == "bob"

    def test_a_new_id_after_a_loss_keeps_what_the_face_shows(self, people):
        self.see(people, 0.0, 0.1, "ann")
        for step in range(60):
            people.see(step / 20, [SeenFace("ann", 0.1)])
            people.express(step / 20, "ann", probabilities("happy", 0.9))
        self.see(people, 3.0, 3.2)
        self.see(people, 3.3, 3.4, "ann2")
        assert people.emotion("ann2", 3.4) is Emotion.HAPPY
        assert not people.is_present("ann", 3.4)

    def test_the_largest_face_is_found_among_those_present(self, people):
        people.see(0.0, [SeenFace("far", 0.01), SeenFace("near", 0.2)])
        assert people.largest(0.1) == "near"
        assert people.largest(5.0) == ""
        assert people.present(0.1) == {"far", "near"}

    def test_memory_is_bounded(self, people):
        for number in range(500):
            people.see(number * 0.01, [SeenFace(f"{number}-{k}", 0.1) for k in range(40)])
        assert len(people._people) <= 40

    def test_a_box_outside_in_has_no_area(self):
        assert SeenFace.from_corners("a", 0.6, 0.1, 0.4, 0.5).area == 0.0
        assert SeenFace.from_corners("a", 0.1, 0.2, 0.3, 0.6).area == pytest.approx(0.08)


class TestVoice:
    @pytest.fixture
    def voice(self, shipped):
        return Voice(shipped.listening)

    def talk(self, voice, *speech, until):
        """Nods at these times when speech is heard within the given intervals."""
        nods = []
        for step in range(round(until * 20)):
            time = step / 20
            voice.hear(time, any(start <= time < stop for start, stop in speech))
            if voice.take_pause(time):
                nods.append(time)
        return nods

    def test_a_pause_after_enough_speech_is_one_pause(self, voice):
        assert self.talk(voice, (1.0, 3.0), until=8.0) == pytest.approx([3.3], abs=0.1)

    def test_a_word_is_not_enough(self, voice):
        assert self.talk(voice, (1.0, 1.5), until=5.0) == []

    def test_a_breath_does_not_interrupt_speech(self, voice):
        nods = self.talk(voice, (1.0, 1.8), (2.0, 2.8), until=6.0)
        assert nods == pytest.approx([3.1], abs=0.1)

    def test_nods_keep_their_interval(self, voice, shipped):
        speech = [(start, start + 1.2) for start in (0.0, 2.0, 4.0, 6.0, 8.0)]
        nods = self.talk(voice, *speech, until=12.0)
        gaps = [b - a for a, b in pairwise(nods)]
        assert len(nods) == 3
        assert min(gaps) >= shipped.listening.nod_interval

    def test_attention_lasts_a_while_after_the_last_word(self, voice):
        self.talk(voice, (0.0, 1.0), until=1.5)
        assert voice.attended(2.5)
        assert not voice.attended(3.5)

    def test_a_voice_that_nobody_confirms_ends(self, voice):
        voice.hear(1.0, True)
        assert voice.attended(2.0)
        assert not voice.attended(5.0)


class TestSentences:
    def test_sentences_take_turns_and_keep_their_intervals(self, shipped):
        sentences = Sentences(shipped.speech)
        say = [(t, sentences.choose("happy", ("a", "b"), float(t))) for t in range(0, 400, 10)]
        assert [(t, s) for t, s in say if s] == [(0, "a"), (120, "b"), (240, "a"), (360, "b")]

    def test_two_occasions_do_not_talk_over_each_other(self, shipped):
        sentences = Sentences(shipped.speech)
        assert sentences.choose("greeting", ("hello",), 0.0) == "hello"
        assert sentences.choose("happy", ("nice",), 5.0) == ""
        assert sentences.choose("happy", ("nice",), 25.0) == "nice"

    def test_without_sentences_there_is_silence(self, shipped):
        assert Sentences(shipped.speech).choose("sad", (), 0.0) == ""
