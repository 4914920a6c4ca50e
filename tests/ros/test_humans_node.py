"""The humans node against the real hri_msgs where they are installed, and without them."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Expression, Face, Faces, Speech, Voice
from emotion_bot_msgs.msg import NormalizedRegionOfInterest2D as Region
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, Header, String

from emotion_bot import images, qos, runner, topics
from emotion_bot.nodes.humans import HumansNode

pytestmark = pytest.mark.ros

needs_messages = pytest.mark.skipif(
    importlib.util.find_spec("hri_msgs") is None,
    reason="hri_msgs is not installed: sudo apt install ros-jazzy-hri-msgs, and source ROS 2",
)
FACE, VOICE, PERSON = "/humans/faces/f7ab_1", "/humans/voices/v7ab_1", "/humans/persons/p7ab_1"


def header(seconds):
    return Header(stamp=Time(sec=seconds, nanosec=5), frame_id="camera_optical_frame")


def frame(seconds, *own):
    crop = images.image_message(np.full((48, 48), 99, np.uint8), header(seconds))
    region = Region(xmin=0.25, ymin=-0.5, xmax=0.5, ymax=0.75, c=0.5)
    faces = [Face(id=name, roi=region, crop=crop) for name in own]
    return Faces(header=header(seconds), width=640, height=480, faces=faces)


def expression(seconds):
    return Expression(
        header=header(seconds), face_id="7ab-1", expression="scared", valence=-0.5, arousal=0.5
    )


def is_gone(bench, namespace):
    names = [name for name, _ in bench.node.get_topic_names_and_types()]
    mine = [name for name in names if name.startswith(f"{namespace}/")]
    return not any(bench.node.count_publishers(name) for name in mine)


@needs_messages
def test_a_person_comes_speaks_and_goes(bench):
    from hri_msgs import msg

    tracked = {
        kind: bench.listen(msg.IdsList, f"/humans/{kind}/tracked", qos.STATUS)
        for kind in ("faces", "voices", "persons")
    }
    regions = bench.listen(msg.NormalizedRegionOfInterest2D, f"{FACE}/roi")
    crops = bench.listen(Image, f"{FACE}/cropped")
    shown = [bench.listen(msg.Expression, f"{name}/expression") for name in (FACE, PERSON)]
    speaking = bench.listen(Bool, f"{VOICE}/is_speaking")
    words = bench.listen(msg.LiveSpeech, f"{VOICE}/speech")
    bench.add(HumansNode())
    faces = bench.publisher(Faces, topics.FACES, qos.STREAM)
    expressions = bench.publisher(Expression, topics.EXPRESSION, qos.STREAM)
    voices = bench.publisher(Voice, topics.VOICE, qos.STREAM)
    speech = bench.publisher(Speech, topics.SPEECH, qos.STREAM)
    speaker = bench.publisher(String, topics.SPEAKER, qos.STATUS)

    faces.publish(frame(100, "7ab-1"))
    listed = tracked["faces"].wait_for(lambda seen: seen[-1:] and seen[-1].ids and seen[-1])
    assert listed.header == header(100)
    assert list(listed.ids) == ["f7ab_1"]
    persons = tracked["persons"].wait_for(lambda seen: seen[-1:] and seen[-1].ids)
    assert list(persons) == ["p7ab_1"]

    # A reader finds a new topic with some delay; frames go on meanwhile.
    for second in range(101, 400):
        faces.publish(frame(second, "7ab-1"))
        expressions.publish(expression(second))
        if all(inbox.messages for inbox in (regions, crops, *shown)):
            break
        bench.wait_until(lambda s=second: tracked["faces"].messages[-1].header == header(s), "it")
    region = regions.wait_for(lambda seen: seen)[0]
    assert region.header.stamp.sec >= 100
    assert region.header.frame_id == "camera_optical_frame"
    assert (region.xmin, region.ymin, region.xmax, region.ymax) == (0.25, 0, 0.5, 0.75)
    assert crops.wait_for(lambda seen: seen)[0].width == 128
    for inbox in shown:
        judged = inbox.wait_for(lambda seen: seen)[0]
        assert judged.expression == msg.Expression.SCARED
        assert (judged.valence, judged.arousal) == (-0.5, 0.5)

    # Whoever comes late learns what does not change.
    late = {
        name: bench.listen(kind, f"{PERSON}/{name}", qos.STATUS)
        for name, kind in (("face_id", String), ("anonymous", Bool), ("voice_id", String))
    }
    assert late["face_id"].wait_for(lambda seen: seen)[0].data == "f7ab_1"
    assert late["anonymous"].wait_for(lambda seen: seen)[0].data is True

    speaker.publish(String(data="7ab-1"))
    utterance = {"utterance_id": "7ab-1", "is_speaking": True}
    for second in range(101, 400):
        voices.publish(Voice(header=header(second), **utterance))
        if speaking.messages and late["voice_id"].messages:
            break
        bench.wait_until(
            lambda s=second: (
                tracked["voices"].messages and tracked["voices"].messages[-1].header == header(s)
            ),
            "the list of voices",
        )
    assert late["voice_id"].wait_for(lambda seen: seen)[-1].data == "v7ab_1"
    assert speaking.wait_for(lambda seen: seen)[0].data is True
    speech.publish(
        Speech(header=header(99), utterance_id="7ab-1", incremental="good", locale="en_US")
    )
    bench.wait_until(lambda: bench.node.count_publishers(f"{VOICE}/speech"), "the words' topic")
    for second in range(500, 800):
        speech.publish(
            Speech(header=header(second), utterance_id="7ab-1", final="good day", locale="en_US")
        )
        if words.messages:
            break
        bench.wait_until(
            lambda s=second: tracked["voices"].messages[-1].header == header(s), "the words"
        )
    said = words.wait_for(lambda seen: [m for m in seen if m.final])[0]
    assert said.final == "good day"
    assert getattr(said, "locale", "en_US") == "en_US"
    assert getattr(said, "language", "en-US") == "en-US"

    faces.publish(frame(900))
    tracked["faces"].wait_for(lambda seen: seen[-1].header == header(900) and not seen[-1].ids)
    tracked["persons"].wait_for(lambda seen: not seen[-1].ids)
    bench.wait_until(lambda: is_gone(bench, FACE), "the end of the face's topics")
    bench.wait_until(lambda: is_gone(bench, PERSON), "the end of the person's topics")
    # The voice is let go later: its words might still have come.
    tracked["voices"].wait_for(lambda seen: not seen[-1].ids)
    bench.wait_until(lambda: is_gone(bench, VOICE), "the end of the voice's topics")


@needs_messages
@pytest.mark.parametrize("bench", [{"face_timeout": 0.5}], indirect=True)
def test_a_camera_that_stops_takes_everybody_along(bench):
    from hri_msgs import msg

    tracked = bench.listen(msg.IdsList, "/humans/faces/tracked", qos.STATUS)
    bench.add(HumansNode())
    bench.publisher(Faces, topics.FACES, qos.STREAM).publish(frame(100, "7ab-1", "7ab-2"))
    tracked.wait_for(lambda seen: [m for m in seen if len(m.ids) == 2])
    last = tracked.wait_for(lambda seen: not seen[-1].ids and seen[-1])
    assert last.header == header(100)
    bench.wait_until(lambda: is_gone(bench, FACE), "the end of the face's topics")


@needs_messages
def test_a_face_that_cannot_be_read_is_reported_and_passed_over(bench):
    from hri_msgs import msg

    tracked = bench.listen(msg.IdsList, "/humans/faces/tracked", qos.STATUS)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.add(HumansNode())
    faces = bench.publisher(Faces, topics.FACES, qos.STREAM)
    broken = frame(100, "7ab-1")
    broken.faces[0].roi.xmin = float("nan")
    faces.publish(broken)
    reports = diagnostics.wait_for(
        lambda seen: [
            s
            for m in seen
            for s in m.status
            if s.name == "humans" and s.level == DiagnosticStatus.ERROR
        ]
    )
    assert "7ab-1" in reports[0].message
    faces.publish(frame(101, "7ab-1"))
    assert tracked.wait_for(lambda seen: seen)[0].header == header(101)


def run_without_messages(program, *arguments):
    """Run a program that cannot import hri_msgs, whether they are installed or not."""
    blocked = f"import sys; sys.modules['hri_msgs'] = None; {program}"
    return subprocess.run(
        [sys.executable, "-c", blocked, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "ROS_DISTRO": "jazzy"},
    )


def test_without_the_messages_the_node_says_what_to_install():
    ended = run_without_messages("from emotion_bot.nodes.humans import main; main()")
    assert ended.returncode == runner.EXIT_BAD_CONFIGURATION
    assert "hri_msgs, which is not installed" in ended.stderr
    assert "ros-jazzy-hri-msgs" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_the_messages_up_says_so_before_it_starts_anything():
    ended = run_without_messages(
        "from emotion_bot.cli import main; main()", "up", "--humans", "--duration", "1"
    )
    assert ended.returncode == 1
    assert "ros-jazzy-hri-msgs" in ended.stderr
    assert ended.stdout == ""
    assert "[head]" not in ended.stderr
