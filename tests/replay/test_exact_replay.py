import json
import shutil
import time
import xml.etree.ElementTree as ElementTree

import cv2
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, JointState

from emotion_bot.replay import outcome
from emotion_bot.replay.exact import replay_exactly
from emotion_bot.replay.offline_robot import RobotSettings
from emotion_bot.replay.source_bag import write_source_bag
from emotion_bot.up.processes import config_directory
from emotion_core.replay.bag_metadata import Topic
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.bag_writer import BagOptions, BagWriter
from emotion_core.replay.figures import label_fraction
from emotion_core.replay.message_types import MessageTypes

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TYPES = MessageTypes()


def copied(source, target, change=lambda message: message.data, extra=()):
    """Copy a bag, changing the data of its messages; None leaves one out."""
    with BagReader(source) as bag, BagWriter(target, BagOptions(minimum_free=0)) as copy:
        for name, type_name in bag.topics.items():
            copy.add_topic(
                Topic(name, type_name, TYPES.definition(type_name), TYPES.hash(type_name))
            )
        for message in bag.messages():
            data = change(message)
            if data is not None:
                copy.write(message.topic, message.time, message.time, data)
        for topic, time_, data in extra:
            copy.write(topic, time_, time_, data)
    return target


def test_the_answer_is_the_same_every_time(step_bag, emotion_bot, tmp_path):
    hashes = {outcome.exact(step_bag).hash for _ in range(2)}
    # In another process too, where texts hash differently and memory holds something else.
    for _ in range(2):
        run = emotion_bot("replay", step_bag, "--exact", "--report", tmp_path / "report.json")
        assert run.returncode == 0, run.stderr
        hashes.add(json.loads((tmp_path / "report.json").read_text())["hash"])
    assert len(hashes) == 1


def test_the_answer_depends_on_frames_head_and_settings(step_bag, tmp_path):
    reference = outcome.exact(step_bag).hash
    with BagReader(step_bag) as bag:
        times = [message.time for message in bag.messages(["/joint_states"])]
    dropped = times[len(times) // 2]

    def without_one_report(message):
        left_out = message.topic == "/joint_states" and dropped <= message.time < dropped + 10**8
        return None if left_out else message.data

    assert outcome.exact(copied(step_bag, tmp_path / "same")).hash == reference
    assert outcome.exact(copied(step_bag, tmp_path / "head", without_one_report)).hash != reference
    config = shutil.copytree(config_directory(), tmp_path / "config")
    emotion = config / "emotion.yaml"
    emotion.write_text(emotion.read_text().replace("constant: 0.2", "constant: 0.3"))
    assert "0.3" in emotion.read_text()
    assert outcome.exact(step_bag, config=config).hash != reference


def test_a_replay_gives_what_was_recorded(step_bag):
    recorded, replayed = outcome.recorded(step_bag).run, outcome.exact(step_bag).run
    assert len(replayed.faces) == len(recorded.faces) == 75
    assert [e.label for e in replayed.expressions] == [e.label for e in recorded.expressions]
    last = replayed.head[-1]
    assert last.pan == pytest.approx(recorded.head[-1].pan, abs=0.02)
    assert recorded.head[-1].pan == pytest.approx(0.436, abs=0.03)


def test_unusable_messages_are_counted_and_passed_over(step_bag, tmp_path):
    frames = iter(range(1000))

    def spoilt(message):
        if message.topic.endswith("/compressed") and next(frames) in (10, 11):
            return serialize_message(CompressedImage(format="jpeg", data=[1, 2, 3]))
        return message.data

    with BagReader(step_bag) as bag:
        middle = (bag.start + bag.end) // 2
    absurd = JointState(name=["pan", "tilt"], position=[float("nan"), 0.0])
    bag = copied(
        step_bag,
        tmp_path / "spoilt",
        spoilt,
        [("/joint_states", middle, serialize_message(absurd))],
    )
    replayed = outcome.exact(bag)
    assert sum(replayed.rejections.values()) == 2
    assert len(replayed.run.faces) == 73
    assert replayed.hash == outcome.exact(bag).hash


def test_a_bag_without_frames_is_refused_with_the_reason(step_bag, tmp_path, emotion_bot):
    bag = copied(
        step_bag,
        tmp_path / "blind",
        lambda message: None if "image" in message.topic else message.data,
    )
    run = emotion_bot("replay", bag, "--exact")
    assert run.returncode == 2
    assert "holds no frames" in run.stderr
    assert "Traceback" not in run.stderr


def test_checks_end_with_a_table_a_file_for_ci_a_picture_and_a_status(
    step_bag, tmp_path, emotion_bot
):
    checks = tmp_path / "checks.yaml"
    checks.write_text(
        "checks:\n"
        "  - {check: frames_with_face, min: 0.9}\n"
        "  - {name: she cries, check: label_fraction, label: sad, min: 0.9}\n"
    )
    arguments = ["--report", tmp_path / "out" / "report.json", "--junit", tmp_path / "junit.xml"]
    arguments += ["--plot", tmp_path / "plot.png", "--check", checks]
    run = emotion_bot("replay", step_bag, "--exact", *arguments)
    assert run.returncode == 1
    assert "she cries" in run.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [check["passed"] for check in report["checks"]] == [True, False]
    assert len(report["hash"]) == 64
    assert report["realtime_factor"] > 0
    cases = ElementTree.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    assert [case.find("failure") is None for case in cases] == [True, False]
    assert cv2.imread(str(tmp_path / "plot.png")) is not None
    checks.write_text("checks: [{check: frames_with_face, min: 0.9}]\n")
    assert emotion_bot("replay", step_bag, "--exact", "--check", checks).returncode == 0
    checks.write_text("checks: [{check: frames_with_face, min: lots}]\n")
    broken = emotion_bot("replay", step_bag, "--exact", "--check", checks)
    assert broken.returncode == 2
    assert "checks[0].min" in broken.stderr


def test_a_video_becomes_a_bag_only_with_consent(clip, tmp_path, emotion_bot):
    arguments = ["record", tmp_path / "bag", "--from", f"video:{clip}", "--duration", "1"]
    refused = emotion_bot(*arguments)
    assert refused.returncode != 0
    assert "consent" in refused.stderr
    assert not (tmp_path / "bag").exists()
    assert emotion_bot(*arguments, "--consent").returncode == 0
    with BagReader(tmp_path / "bag") as bag:
        assert bag.properties["consent"] == "given"
        assert bag.properties["camera_on_head"] == "false"
        assert bag.counts["/image_raw/compressed"] == 24


def test_the_clip_turns_happy_in_every_replay(clip, tmp_path):
    def settings(on_head):
        return RobotSettings.from_files(config_directory(), camera_on_head=on_head)

    bag_path = tmp_path / "clip"
    write_source_bag(bag_path, f"video:{clip}", settings)
    first = outcome.exact(bag_path)
    assert label_fraction(first.run, "sad", "main", 1.0, 5.5) > 0.6
    assert label_fraction(first.run, "happy", "main", 11.0, 19.0) > 0.9
    assert len({frame.face_ids for frame in first.run.faces if frame.face_ids}) == 1
    with BagReader(bag_path) as bag:
        again = replay_exactly(bag, settings(False), lambda *_: None, time.perf_counter)
    assert again.hash == first.hash
