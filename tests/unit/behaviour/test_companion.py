"""The companion as a whole: light, words, choice of a person, clocks, and no memory of its own."""

import itertools
import math

import pytest
from driving import PERIOD, Sequence, in_order, probabilities

from emotion_core.behaviour.companion import Companion
from emotion_core.behaviour.people import SeenFace
from emotion_core.behaviour.tree import Request, State

pytestmark = pytest.mark.unit

VISIT = [[1.0, "ann", "neutral", 0.9]]


def sentences(postures):
    return [posture.sentence for posture in postures if posture.sentence]


def show(companion, start, stop, *ids):
    """Let faces be seen for a while; return the last posture."""
    posture = None
    for tick in range(round(start / PERIOD), round(stop / PERIOD)):
        time = tick * PERIOD
        companion.observe_faces(time, [SeenFace(face_id, 0.1) for face_id in ids])
        posture = companion.update(time)
    return posture


def test_two_companions_do_not_share_a_blackboard(shipped):
    one, other = Companion(shipped), Companion(shipped)
    one.request(Request.SLEEP)
    assert one.update(0.0).state is State.SLEEPING
    assert other.update(0.0).state is State.IDLE
    one.close()
    assert other.update(0.1).state is State.IDLE
    other.close()


def test_the_same_sequence_gives_the_same_postures(shipped):
    sequence = {
        "until": 20.0,
        "rows": [*VISIT, [6.0, "ann", "sad", 0.7], [12.0, "bob", "happy", 0.8]],
        "voice": [[14.0, 16.0]],
    }
    runs = []
    for _ in range(2):
        companion = Companion(shipped)
        runs.append(Sequence(**sequence).drive(companion))
        companion.close()
    assert runs[0] == runs[1]


def test_each_state_says_its_words_once(companion, shipped):
    postures = Sequence(until=60.0, rows=[*VISIT, [30.0, "ann", "happy", 0.8]]).drive(companion)
    assert sentences(postures) == [
        shipped.states.greeting.sentences[0],
        shipped.emotions[next(e for e in shipped.emotions if e.value == "happy")].sentences[0],
    ]


def test_two_people_who_come_together_are_greeted_one_after_the_other(companion):
    rows = [[1.0, "ann", "neutral", 0.9], [1.0, "bob", "neutral", 0.9]]
    postures = Sequence(until=12.0, rows=rows).drive(companion)
    assert in_order(posture.face_id for posture in postures) == ["", "ann", "bob", ""]
    assert sentences(postures) == ["Hello."]


def test_nobody_is_talked_over(companion):
    sequence = Sequence(
        until=40.0, rows=[*VISIT, [30.0, "ann", "happy", 0.8]], voice=[[28.0, 40.0]]
    )
    assert sentences(sequence.drive(companion)) == ["Hello."]


def test_it_does_not_listen_to_itself(companion):
    companion.observe_own_voice(True)
    postures = Sequence(until=10.0, rows=VISIT, voice=[[5.0, 9.0]]).drive(companion)
    assert State.LISTENING not in {posture.state for posture in postures}


def test_listening_nods_in_the_pause(companion):
    postures = Sequence(until=14.0, rows=VISIT, voice=[[6.0, 9.0]]).drive(companion)
    still = [math.degrees(p.offset.tilt) for p in postures if 8.0 <= p.time < 9.0]
    pause = [math.degrees(p.offset.tilt) for p in postures if 9.3 <= p.time < 10.2]
    assert min(pause) < min(still) - 1.5


def test_the_speaker_is_kept_when_the_gaze_wanders(companion):
    show(companion, 0.0, 8.0, "ann", "bob")
    companion.observe_gaze("ann", 0.0, 0.0)
    companion.observe_voice(8.0, True)
    assert show(companion, 8.0, 8.5, "ann", "bob").face_id == "ann"
    companion.observe_gaze("bob", 0.0, 0.0)
    companion.observe_voice(8.5, True)
    posture = show(companion, 8.5, 9.0, "ann", "bob")
    assert (posture.state, posture.face_id) == (State.LISTENING, "ann")


def test_a_speaker_who_leaves_is_let_go(companion):
    show(companion, 0.0, 8.0, "ann", "bob")
    companion.observe_gaze("ann", 0.0, 0.0)
    for start in (8.0, 9.0, 10.0, 11.0):
        companion.observe_voice(start, True)
        posture = show(companion, start, start + 1.0, "bob")
    assert (posture.state, posture.face_id) == (State.LISTENING, "bob")


def test_a_chosen_person_is_followed_while_in_view(companion):
    show(companion, 0.0, 8.0, "ann", "bob")
    companion.follow("bob")
    assert show(companion, 8.0, 9.0, "ann", "bob").face_id == "bob"
    assert show(companion, 9.0, 13.0, "ann").face_id == ""
    assert show(companion, 13.0, 14.0, "ann", "bob").face_id == "bob"
    companion.follow("")
    assert show(companion, 14.0, 15.0, "ann", "bob").face_id == ""


def test_nobody_can_be_chosen_who_is_not_there(companion):
    companion.update(0.0)
    with pytest.raises(ValueError, match="'eve'"):
        companion.follow("eve")


def test_parked_it_is_still_and_dark(companion):
    companion.request(Request.PARK)
    postures = Sequence(until=20.0, rows=[[1.0, "ann", "happy", 0.9]]).drive(companion)
    late = postures[200:]
    assert {(p.offset.pan, p.offset.tilt, p.engaged) for p in late} == {(0.0, 0.0, False)}
    assert late[-1].brightness < 1e-6


def test_the_light_never_flashes(companion):
    """Whatever changes, brightness moves by less than a tenth within a tick of 50 ms."""
    rows = list(VISIT)
    labels = ["happy", "sad", "surprise", "angry"]
    rows += [[5.0 + n * 2.5, "ann", labels[n % 4], 0.95] for n in range(16)]
    postures = Sequence(until=45.0, rows=rows).drive(companion)
    levels = [posture.brightness for posture in postures]
    assert max(levels) > 0.7
    assert max(abs(b - a) for a, b in itertools.pairwise(levels)) < 0.1


def test_a_clock_set_back_forgets_the_visitor_but_not_the_head(companion):
    before = Sequence(until=12.0, rows=[*VISIT, [5.0, "ann", "sad", 0.9]]).drive(companion)[-1]
    after = companion.update(1.0)
    assert after.state is State.IDLE
    assert after.offset == before.offset
    again = Sequence(until=5.0, rows=VISIT).drive(companion)
    assert State.GREETING in {posture.state for posture in again}


def test_a_stamp_from_the_future_does_not_keep_somebody_there(companion):
    companion.update(0.0)
    companion.observe_faces(1e6, [SeenFace("ann", 0.1)])
    states = in_order(companion.update(tick * PERIOD).state for tick in range(100))
    assert states == [State.FOLLOWING, State.IDLE]


def test_an_expression_of_nobody_seen_is_ignored(companion):
    companion.update(0.0)
    companion.observe_expression(0.0, "ghost", probabilities("happy", 0.9))
    assert companion.update(0.1).emotion is None


def test_a_long_pause_between_updates_does_not_make_the_head_jump(companion, shipped):
    Sequence(until=8.0, rows=[*VISIT, [5.0, "ann", "neutral", 0.9]]).drive(companion)
    before = companion.update(8.0)
    companion.request(Request.SLEEP)
    after = companion.update(30.0)
    assert abs(after.offset.tilt - before.offset.tilt) <= 3.5 * shipped.motion.speed_share * 0.1
