import pytest
from emotion_bot_msgs.msg import Face, Faces
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from emotion_bot import stamps
from emotion_core.replay.bag_metadata import Topic
from emotion_core.replay.bag_writer import BagOptions, BagWriter
from emotion_core.replay.message_types import MessageTypes

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


@pytest.fixture
def project(pytester):
    """A folder with a recorded bag in it: one face, in all of its 50 frames but the last ten."""
    types = MessageTypes()
    name = "emotion_bot_msgs/msg/Faces"
    with BagWriter(pytester.path / "recording", BagOptions(minimum_free=0)) as bag:
        bag.add_topic(Topic("/faces", name, types.definition(name), types.hash(name)))
        for number in range(50):
            time = SECOND + number * SECOND // 25
            message = Faces(header=Header(stamp=stamps.stamp_from_nanoseconds(time)))
            message.faces = [Face(id="f1")] if number < 40 else []
            bag.write("/faces", time + SECOND // 100, time, serialize_message(message))
    return pytester


def test_a_bag_and_a_file_of_checks_are_tests(project):
    project.path.joinpath("greeting.replay.yaml").write_text(
        "bag: recording\n"
        "mode: recorded\n"
        "checks:\n"
        "  - {name: somebody is there, check: frames_with_face, min: 0.8}\n"
        "  - {name: somebody stays, check: frames_with_face, min: 0.9}\n"
        "  - {check: latency, stage: faces, max: 11}\n"
    )
    result = project.runpytest_inprocess("-v", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*greeting.replay.yaml::somebody is there PASSED*", "*0.8 is less than 0.9*"]
    )
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bag: recording\nchecks: [{check: frames_with_face}]", "*checks[[]0]: needs min, max*"),
        ("checks: [{check: frames_with_face, min: 1}]", "*bag or scene is missing*"),
        ("checks: [", "*is no YAML*"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_with_the_reason(project, text, words):
    project.path.joinpath("broken.replay.yaml").write_text(text)
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_a_missing_bag_fails_its_checks_with_the_reason(project):
    project.path.joinpath("lost.replay.yaml").write_text(
        "bag: nowhere\nmode: recorded\nchecks: [{check: frames_with_face, min: 1}]"
    )
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*BagError: no bag at *nowhere*"])


def test_the_fixtures_replay_and_check_a_bag(project):
    project.path.joinpath("checks.yaml").write_text(
        "mode: recorded\nchecks: [{check: frames_with_face, min: 0.9}]"
    )
    project.makepyfile(
        """
        def test_run(replay_bag):
            assert len(replay_bag("recording", "recorded").run.faces) == 50

        def test_checks(check_bag):
            check_bag("recording", "checks.yaml")
        """
    )
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*CheckFailed: frames_with_face: 0.8 is less than 0.9*"])
