import importlib
import importlib.metadata

import pytest
import yaml

from emotion_bot.graph import BringUpOptions, build_graph
from emotion_bot.up.processes import config_directory, node_process

pytestmark = pytest.mark.unit


def names(**options):
    return [spec.name for spec in build_graph(BringUpOptions(**options))]


def test_the_whole_robot():
    assert set(names()) >= {"camera", "faces", "emotion", "gaze", "head"}


def test_an_external_camera_and_no_head_leave_their_nodes_out():
    left = names(source="external", head="none")
    assert "camera" not in left
    assert "head" not in left


@pytest.mark.parametrize("spec", build_graph(BringUpOptions()), ids=lambda spec: spec.name)
def test_every_node_can_be_started_both_ways(spec):
    scripts = importlib.metadata.distribution("emotion_bot").entry_points.select(
        group="console_scripts"
    )
    assert scripts[spec.executable].value == f"{spec.module}:main"
    assert callable(importlib.import_module(spec.module).main)


@pytest.mark.parametrize("spec", build_graph(BringUpOptions()), ids=lambda spec: spec.name)
def test_every_parameter_in_a_file_is_declared_by_its_node(spec):
    module = importlib.import_module(spec.module)
    declared = {parameter.name for parameter in module.PARAMETERS} | {"autostart"}
    assert set(spec.parameters) <= declared
    content = yaml.safe_load((config_directory() / spec.parameter_file).read_text())
    assert set(content[f"/**/{spec.name}"]["ros__parameters"]) <= declared


def test_a_process_gets_options_namespace_and_defaults_the_user_may_override(tmp_path):
    spec = build_graph(BringUpOptions(source="video:it's.mp4"))[1]
    process = node_process(spec, "robot", tmp_path, {"OMP_NUM_THREADS": "4"})
    assert "__ns:=/robot" in process.command
    assert "source:='video:it''s.mp4'" in process.command
    assert process.environment["OMP_NUM_THREADS"] == "4"
    assert process.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
