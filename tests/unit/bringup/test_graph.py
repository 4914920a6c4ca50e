import importlib
import importlib.metadata

import pytest
import yaml

from emotion_bot.graph import BringUpOptions, build_graph, resolve_microphone
from emotion_bot.up.processes import config_directory, node_process

pytestmark = pytest.mark.unit

WHOLE_ROBOT = build_graph(BringUpOptions(mic="device", speak=True, humans=True))


def names(**options):
    return [spec.name for spec in build_graph(BringUpOptions(**options))]


def test_the_whole_robot():
    assert set(names()) >= {"camera", "faces", "emotion", "gaze", "head"}


def test_an_external_camera_and_no_head_leave_their_nodes_out():
    left = names(source="external", head="none")
    assert "camera" not in left
    assert "head" not in left


def test_people_are_republished_only_when_asked_for():
    assert "humans" not in names()
    assert "humans" in names(humans=True)


@pytest.mark.parametrize("spec", WHOLE_ROBOT, ids=lambda spec: spec.name)
def test_every_node_can_be_started_both_ways(spec):
    scripts = importlib.metadata.distribution("emotion_bot").entry_points.select(
        group="console_scripts"
    )
    assert scripts[spec.executable].value == f"{spec.module}:main"
    assert callable(importlib.import_module(spec.module).main)


@pytest.mark.parametrize("spec", WHOLE_ROBOT, ids=lambda spec: spec.name)
def test_every_parameter_in_a_file_is_declared_by_its_node(spec):
    module = importlib.import_module(spec.module)
    declared = {parameter.name for parameter in module.PARAMETERS} | {"autostart"}
    assert set(spec.parameters) <= declared
    content = yaml.safe_load((config_directory() / spec.parameter_file).read_text())
    assert set(content[f"/**/{spec.name}"]["ros__parameters"]) <= declared


HEARING = {"microphone", "voice", "speech"}


@pytest.mark.parametrize(
    ("mic", "asr", "expected"),
    [
        ("none", "pocketsphinx", set()),
        ("auto", "pocketsphinx", set()),
        ("device:1", "pocketsphinx", HEARING),
        ("wav:a.wav", "none", {"microphone", "voice"}),
        ("wav:a.wav", "/models/whisper", HEARING),
    ],
)
def test_what_listens(mic, asr, expected):
    assert HEARING & set(names(mic=mic, asr=asr)) == expected


@pytest.mark.parametrize(
    ("source", "device", "sound", "mic"),
    [
        ("scene", True, True, "none"),
        ("webcam", True, False, "device"),
        ("webcam:1", True, False, "device"),
        ("webcam", False, False, "none"),
        ("video:a.mp4", True, True, "video:a.mp4"),
        ("video:a.mp4", True, False, "none"),
        ("stream:rtsp://x", True, True, "none"),
        ("external", True, True, "none"),
    ],
)
def test_the_automatic_microphone(source, device, sound, mic):
    asked = []

    def has_microphone():
        asked.append("device")
        return device

    options = resolve_microphone(
        BringUpOptions(source=source), has_microphone, lambda path: path == "a.mp4" and sound
    )
    assert options.mic == mic
    assert options.source == source
    # A robot that does not listen does not look for devices either.
    assert bool(asked) == source.startswith("webcam")


def test_a_chosen_microphone_stays():
    options = BringUpOptions(source="video:a.mp4", mic="wav:b.wav")
    assert resolve_microphone(options, lambda: True, lambda _path: True) == options


def test_the_sound_of_the_shown_video_follows_its_pictures():
    def microphone(**options):
        return next(s for s in build_graph(BringUpOptions(**options)) if s.name == "microphone")

    own = microphone(source="video:a.mp4", mic="video:a.mp4")
    assert own.parameters["follow_camera"] is True
    assert not own.is_source
    other = microphone(source="video:a.mp4", mic="wav:b.wav")
    assert other.parameters["follow_camera"] is False
    assert other.is_source


def test_a_process_gets_options_namespace_and_defaults_the_user_may_override(tmp_path):
    graph = build_graph(BringUpOptions(source="video:it's.mp4"))
    spec = next(spec for spec in graph if spec.name == "camera")
    process = node_process(spec, "robot", tmp_path, {"OMP_NUM_THREADS": "4"})
    assert "__ns:=/robot" in process.command
    assert "source:='video:it''s.mp4'" in process.command
    assert process.environment["OMP_NUM_THREADS"] == "4"
    assert process.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
