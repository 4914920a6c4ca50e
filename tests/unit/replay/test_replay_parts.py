import threading

import pytest
from emotion_bot_msgs.msg import Expression, Face, Faces, GazeTarget, HeadCommand
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from emotion_bot import stamps, topics
from emotion_bot.parameters import Parameter, ParameterError
from emotion_bot.replay.answers import Answers
from emotion_bot.replay.bag_inputs import ahead
from emotion_bot.replay.pacing import PacedClock
from emotion_bot.replay.settings import node_values

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
PARAMETERS = (
    Parameter("speed", 1.0, "", 0.0, 2.0),
    Parameter("count", 3, "", 1, 9),
    Parameter("kind", "a", "", choices=("a", "b")),
    Parameter("loud", False, ""),
)


def values(tmp_path, text, **overrides):
    (tmp_path / "node.yaml").write_text(text)
    return node_values("node", PARAMETERS, tmp_path, overrides)


def test_a_node_has_its_defaults_its_file_and_its_overrides(tmp_path):
    assert node_values("node", PARAMETERS, tmp_path) == {
        "speed": 1.0, "count": 3, "kind": "a", "loud": False,
    }  # fmt: skip
    text = "/**/node:\n  ros__parameters:\n    speed: 0.5\n    kind: b\n"
    found = values(tmp_path, text, kind="a")
    assert found == {"speed": 0.5, "count": 3, "kind": "a", "loud": False}


def test_what_a_file_says_of_other_nodes_does_not_count(tmp_path):
    text = "other:\n  ros__parameters: {speed: 0.5}\n/**:\n  ros__parameters: {count: 5}\n"
    assert values(tmp_path, text) == {"speed": 1.0, "count": 5, "kind": "a", "loud": False}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("speed: 1", "node.speed must be a float, got 1"),
        ("speed: 3.0", r"node.speed must be in \[0.0, 2.0\], got 3.0"),
        ("loud: 1", "node.loud must be a bool"),
        ("count: true", "node.count must be a int"),
        ("kind: c", "node.kind must be one of a, b"),
    ],
)
def test_values_that_a_node_would_refuse_are_refused(tmp_path, line, words):
    with pytest.raises(ParameterError, match=words):
        values(tmp_path, f"node:\n  ros__parameters:\n    {line}\n")


@pytest.mark.parametrize("text", ["node: 3", "node: [", "[1]"])
def test_a_file_that_holds_no_parameters_is_named(tmp_path, text):
    with pytest.raises(ParameterError, match=r"node\.yaml is no file of ROS parameters"):
        values(tmp_path, text)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


def test_a_bag_runs_at_its_rate_and_can_be_held():
    hand = Hand()
    clock = PacedClock(5 * SECOND, 2.0, hand)
    assert clock.now() == 5 * SECOND
    hand.time += 1.5
    assert clock.now() == 8 * SECOND
    assert clock.seconds_until(9 * SECOND) == pytest.approx(0.5)
    assert clock.seconds_until(3 * SECOND) == 0
    clock.hold(8 * SECOND)
    hand.time += 10
    assert clock.now() == 8 * SECOND
    clock.go_on()
    hand.time += 0.5
    assert clock.now() == 9 * SECOND


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_bag_cannot_run_backwards(rate):
    with pytest.raises(ValueError, match="rate"):
        PacedClock(0, rate, Hand())


def header(stamp):
    return Header(stamp=stamps.stamp_from_nanoseconds(stamp))


def faces(stamp, seen):
    crops = [Face(id=f"f{index}", crop=Image(width=48)) for index in range(seen)]
    return Faces(header=header(stamp), faces=[*crops, Face(id="hidden")])


def answer(answers, stamp, seen, *, expressions_first=False):
    messages = [(topics.FACES, faces(stamp, seen))]
    messages += [
        (topics.EXPRESSION, Expression(header=header(stamp), face_id="f0", expression="happy"))
    ] * seen
    if expressions_first:
        messages.reverse()
    messages += [
        (topics.GAZE_TARGET, GazeTarget(header=header(stamp))),
        (topics.HEAD_COMMAND, HeadCommand(header=header(stamp))),
        (topics.HEAD_COMMAND, HeadCommand(header=header(stamp))),
    ]
    for topic, message in messages:
        answers.take(topic, message, stamp, 1.5)


@pytest.mark.parametrize("expressions_first", [False, True])
def test_a_frame_is_answered_when_everybody_has_answered(expressions_first):
    answers = Answers()
    answers.played(7 * SECOND, 1.0)
    assert not answers.wait(0, 0)
    answer(answers, 7 * SECOND, 2, expressions_first=expressions_first)
    assert answers.wait(0, 0)
    run = answers.finish()
    assert [entry.delay for entry in run.faces] == [0.5]
    assert len(run.expressions) == 2


def test_a_frame_without_faces_is_waited_for_whatever_else_may_be_owed():
    answers = Answers()
    answers.played(1 * SECOND, 1.0)
    assert not answers.wait(99, 0)
    answers.take(topics.FACES, faces(1 * SECOND, 1), 1 * SECOND, 1.5)
    assert answers.wait(1, 0)
    assert not answers.wait(0, 0)


def test_answers_that_never_come_are_counted_once_given_up():
    answers = Answers()
    answers.played(1 * SECOND, 1.0)
    answers.played(2 * SECOND, 1.0)
    answer(answers, 1 * SECOND, 1)
    answers.take(topics.FACES, faces(2 * SECOND, 3), 2 * SECOND, 1.5)
    assert answers.unanswered() == {
        topics.FACES: 0, topics.EXPRESSION: 3, topics.GAZE_TARGET: 1, topics.HEAD_COMMAND: 1,
    }  # fmt: skip
    answers.give_up()
    assert answers.wait(0, 0)
    assert answers.lost()[topics.EXPRESSION] == 3
    # Late is not lost.
    late = Expression(header=header(2 * SECOND), face_id="f0", expression="sad")
    answers.take(topics.EXPRESSION, late, 2 * SECOND, 9.0)
    assert answers.lost()[topics.EXPRESSION] == 2


def test_reading_ahead_keeps_the_order_and_passes_errors_on():
    def items():
        yield from range(100)
        raise KeyError("the end")

    found = ahead(items())
    assert [next(found) for _ in range(100)] == list(range(100))
    with pytest.raises(KeyError, match="the end"):
        next(found)


def test_reading_ahead_stops_when_nobody_wants_more():
    before = threading.active_count()
    reader = ahead(2 * item for item in ahead(iter(range(10_000))))
    assert [next(reader) for _ in range(3)] == [0, 2, 4]
    reader.close()
    assert threading.active_count() == before
