import json

import pytest
from emotion_bot_msgs.msg import (
    Expression,
    Face,
    Faces,
    GazeTarget,
    HeadCommand,
    HeadState,
    MoodPerson,
    MoodSummary,
    Posture,
)
from emotion_bot_msgs.srv import QueryMood
from sensor_msgs.msg import JointState

from emotion_bot.dashboard.latency import LatencyWindow
from emotion_bot.dashboard.live_state import TRAIL_SECONDS, LiveState
from emotion_bot.dashboard.mood import mood_values, newest_person
from emotion_bot.stamps import stamp_from_seconds

pytestmark = pytest.mark.unit

NAN = float("nan")


def expression(face_id="f1", label="happy", valence=0.5, arousal=0.25, stamp=99.9):
    message = Expression(
        face_id=face_id,
        expression=label,
        valence=valence,
        arousal=arousal,
        confidence=0.8,
        probabilities=[0.1, 0.8, 0.02, 0.02, 0.02, 0.02, 0.02],
        affect="pleasure",
        face_weight=1.0,
    )
    message.header.stamp = stamp_from_seconds(stamp)
    return message


def received(seconds):
    return round(seconds * 1e9)


def test_a_person_is_shown_and_leaves_when_nothing_comes():
    live = LiveState()
    live.on_expression(expression(), received(100.0), 10.0)
    person = live.snapshot(10.5, None)["people"]["f1"]
    assert (person["label"], person["v"], person["a"]) == ("happy", 0.5, 0.25)
    assert person["p"][1] == 0.8
    assert person["weights"] == [1.0, 0.0, 0.0]
    assert live.snapshot(11.5, None)["people"] == {}


def test_everything_unknown_is_null_and_not_zero():
    values = LiveState().snapshot(10.0, None)
    assert values["faces"] is None
    assert values["gaze"] is None
    assert values["posture"] is None
    assert values["head"]["pan"] is None
    assert values["head"]["parked"] is None


def test_absurd_values_can_still_be_sent():
    live = LiveState()
    live.on_expression(expression(valence=NAN, arousal=float("inf")), received(100.0), 10.0)
    live.on_gaze_target(GazeTarget(state=250, pan=NAN), 0, 10.0)
    live.on_joint_states(JointState(name=["pan", "tilt"], position=[NAN, 1.0]), 0, 10.0)
    live.on_head_command(HeadCommand(pan=NAN), 0, 10.0)
    live.on_posture(Posture(state="<b>"), 0, 10.0)
    live.on_expression(expression("f2", label="no such word"), received(100.0), 10.0)
    values = live.snapshot(10.1, None)
    json.dumps(values, allow_nan=False)
    json.dumps(live.history(10.1), allow_nan=False)
    assert values["gaze"]["state"] == "unknown"
    assert values["people"]["f2"]["label"] == ""


def test_a_trail_is_thinned_and_forgotten():
    live = LiveState()
    for step in range(1000):
        live.on_expression(expression(valence=step / 1000), received(100.0), 10.0 + 0.05 * step)
    trail = live.history(60.0)["f1"]
    assert TRAIL_SECONDS / 0.25 * 0.9 <= len(trail) <= TRAIL_SECONDS / 0.2 + 2
    assert trail[0][0] <= TRAIL_SECONDS + 0.2
    assert trail[-1][1] == pytest.approx(0.996, abs=0.005)
    live.snapshot(60.0 + 61.0, None)
    assert live.history(121.0) == {}


def test_latencies_are_from_the_capture_and_count_the_first_command_of_a_frame():
    live = LiveState()
    frame = stamp_from_seconds(100.0)
    faces = Faces(faces=[Face(id="f1")])
    faces.header.stamp = frame
    live.on_faces(faces, received(100.020), 10.0)
    live.on_expression(expression(stamp=100.0), received(100.035), 10.0)
    command = HeadCommand()
    command.header.stamp = frame
    live.on_head_command(command, received(100.025), 10.0)
    live.on_head_command(command, received(100.065), 10.1)
    state = HeadState(acked_command_stamp=frame, acked_time=stamp_from_seconds(100.03))
    live.on_head_state(state, 0, 10.0)
    table = {row["stage"]: (row["p50"], row["p95"]) for row in live.latency_table(10.2)}
    assert table["faces"] == pytest.approx((20, 20))
    assert table["expression"] == pytest.approx((35, 35))
    assert table["head command"] == pytest.approx((25, 25))
    assert table["head acknowledgement"] == pytest.approx((30, 30))
    assert live.latency_table(100.0)[0]["p50"] is None


def test_latencies_of_a_replay_say_nothing():
    window = LatencyWindow()
    window.add(86_400.0, 1.0)
    window.add(-0.1, 1.0)
    assert window.percentiles_ms(1.0) is None
    for number in range(1, 101):
        window.add(number / 1000, 1.0)
    assert window.percentiles_ms(1.0) == pytest.approx((50.0, 95.0))


def test_words_replace_their_partial_form():
    live = LiveState()
    live.on_words("hel", "f1", final=False, now=1.0)
    live.on_words("hello", "f1", final=True, now=2.0)
    live.on_words("how", "f1", final=False, now=3.0)
    assert [(word["text"], word["final"]) for word in live.words(4.0)] == [
        ("hello", True),
        ("how", False),
    ]


def test_the_frame_rate_is_counted():
    live = LiveState()
    live.frame_rate(10.0)
    for _ in range(30):
        live.on_camera_info(None, 0, 10.5)
    assert live.frame_rate(11.0) == 30.0


def test_mood_has_null_where_nothing_is_known():
    answer = QueryMood.Response(
        persons=[MoodPerson(id="person-1", name="<script>alert(1)</script>")],
        summaries=[MoodSummary(date="2026-01-05", expression="sad", valence=-0.5, arousal=NAN)],
    )
    answer.trend.valence_per_day = NAN
    answer.comparison.valence_difference = NAN
    values = mood_values(answer)
    json.dumps(values, allow_nan=False)
    assert values["days"][0]["label"] == "sad"
    assert values["days"][0]["arousal"] is None
    assert values["comparison"]["valence"] is None
    assert values["person"]["kept_until"] is None


def test_the_person_seen_last_is_shown():
    old = MoodPerson(id="old", last_seen=stamp_from_seconds(10.0))
    new = MoodPerson(id="new", last_seen=stamp_from_seconds(20.0))
    assert newest_person(QueryMood.Response(persons=[old, new])) == "new"
    assert newest_person(QueryMood.Response()) == ""
