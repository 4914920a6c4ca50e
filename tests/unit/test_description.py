"""The URDF against the geometry and the limits that the core computes with."""

import importlib
import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotion_bot import topics
from emotion_core.head.gaze_geometry import camera_position, optical_to_base
from emotion_core.head.limits import HeadLimits

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).parents[2] / "ros2_ws" / "src" / "emotion_bot_description"


@pytest.fixture(scope="module")
def robot() -> ET.Element:
    return ET.parse(PACKAGE / "urdf" / "head.urdf").getroot()


def numbers(text: str | None) -> np.ndarray:
    return np.array([float(value) for value in (text or "0 0 0").split()])


def translation(offset: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rodrigues' formula, written independently of the code under test."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix = np.eye(4)
    matrix[:3, :3] += math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return matrix


def joint_transform(joint: ET.Element, angle: float) -> np.ndarray:
    origin = joint.find("origin")
    roll, pitch, yaw = numbers(origin.get("rpy"))
    fixed = (
        translation(numbers(origin.get("xyz")))
        @ rotation(np.array([0, 0, 1]), yaw)
        @ rotation(np.array([0, 1, 0]), pitch)
        @ rotation(np.array([1, 0, 0]), roll)
    )
    if joint.get("type") == "fixed":
        return fixed
    return fixed @ rotation(numbers(joint.find("axis").get("xyz")), angle)


def base_to_optical_frame(robot: ET.Element, angles: dict[str, float]) -> np.ndarray:
    by_child = {joint.find("child").get("link"): joint for joint in robot.findall("joint")}
    link, transform = "camera_optical_frame", np.eye(4)
    while link != "base_link":
        joint = by_child[link]
        transform = joint_transform(joint, angles.get(joint.get("name"), 0.0)) @ transform
        link = joint.find("parent").get("link")
    return transform


@pytest.mark.parametrize("pan", [-1.3, -0.4, 0.0, 0.7, 1.39])
@pytest.mark.parametrize("tilt", [-0.5, 0.0, 0.2, 0.69])
def test_chain_equals_the_geometry(robot: ET.Element, pan: float, tilt: float) -> None:
    transform = base_to_optical_frame(robot, {"pan": pan, "tilt": tilt})
    np.testing.assert_allclose(transform[:3, :3], optical_to_base(pan, tilt), atol=1e-12)
    np.testing.assert_allclose(transform[:3, 3], camera_position(pan, tilt), atol=1e-12)


@pytest.mark.parametrize("name", ["pan", "tilt"])
def test_limits_equal_those_of_the_core(robot: ET.Element, name: str) -> None:
    limit = robot.find(f"joint[@name='{name}']/limit")
    expected = getattr(HeadLimits(), name)
    assert float(limit.get("lower")) == expected.minimum
    assert float(limit.get("upper")) == expected.maximum
    assert float(limit.get("velocity")) == expected.max_velocity


def test_is_one_tree_from_the_base(robot: ET.Element) -> None:
    links = {link.get("name") for link in robot.findall("link")}
    children = [joint.find("child").get("link") for joint in robot.findall("joint")]
    parents = {joint.find("parent").get("link") for joint in robot.findall("joint")}
    assert len(children) == len(set(children))
    assert links - set(children) == {"base_link"}
    assert parents <= links


def test_inertias_are_possible(robot: ET.Element) -> None:
    found = robot.findall("link/inertial")
    assert found
    for inertial in found:
        assert 0 < float(inertial.find("mass").get("value")) < 0.5
        values = {key: float(value) for key, value in inertial.find("inertia").items()}
        tensor = np.array(
            [
                [values["ixx"], values["ixy"], values["ixz"]],
                [values["ixy"], values["iyy"], values["iyz"]],
                [values["ixz"], values["iyz"], values["izz"]],
            ]
        )
        moments = np.linalg.eigvalsh(tensor)
        assert moments[0] > 0
        # No body has a moment of inertia greater than the sum of the two others.
        assert moments[2] <= moments[0] + moments[1]


def test_layouts_can_be_read() -> None:
    rviz = yaml.safe_load((PACKAGE / "rviz" / "emotion_bot.rviz").read_text())
    displays = rviz["Visualization Manager"]["Displays"]
    assert {"Head", "Camera"} <= {display["Name"] for display in displays}
    foxglove = json.loads((PACKAGE / "foxglove" / "emotion_bot.json").read_text())

    def panels(node: object) -> set[str]:
        if isinstance(node, str):
            return {node}
        return panels(node["first"]) | panels(node["second"])

    assert panels(foxglove["layout"]) == set(foxglove["configById"])


PUBLISHED = {
    topics.IMAGE: "sensor_msgs/Image",
    topics.CAMERA_INFO: "sensor_msgs/CameraInfo",
    topics.EXPRESSION: "emotion_bot_msgs/Expression",
    topics.VOICE: "emotion_bot_msgs/Voice",
    topics.SPEECH: "emotion_bot_msgs/Speech",
    topics.GAZE_TARGET: "emotion_bot_msgs/GazeTarget",
    topics.HEAD_COMMAND: "emotion_bot_msgs/HeadCommand",
    topics.JOINT_STATES: "sensor_msgs/JointState",
    topics.DIAGNOSTICS.strip("/"): "diagnostic_msgs/DiagnosticArray",
    "robot_description": "std_msgs/String",
}
"""What the robot publishes, and robot_state_publisher with its URDF."""


def values(node: object, keys: set[str]) -> list[str]:
    """Return all strings under these keys, however deep."""
    if isinstance(node, list):
        return [found for part in node for found in values(part, keys)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in keys & set(node) if isinstance(node[key], str)]
    return own + [found for part in node.values() for found in values(part, keys)]


def foxglove_paths() -> list[str]:
    layout = json.loads((PACKAGE / "foxglove" / "emotion_bot.json").read_text())
    keys = {"topic", "imageTopic", "calibrationTopic", "value", "topicPath", "topicToRender"}
    return sorted(values(layout["configById"], keys))


@pytest.mark.parametrize("path", foxglove_paths())
def test_foxglove_shows_what_the_robot_publishes(path: str) -> None:
    topic, _, field = path.removeprefix("/").partition(".")
    package, name = PUBLISHED[topic].split("/")
    message = getattr(importlib.import_module(f"{package}.msg"), name)
    if field:
        assert re.sub(r"\[\d+\]$", "", field) in message.get_fields_and_field_types()


def test_rviz_shows_what_the_robot_publishes() -> None:
    rviz = yaml.safe_load((PACKAGE / "rviz" / "emotion_bot.rviz").read_text())
    shown = {
        display["Name"]: topic["Value"]
        for display in rviz["Visualization Manager"]["Displays"]
        for key, topic in display.items()
        if key.endswith("Topic")
    }
    assert shown == {"Head": "robot_description", "Camera": topics.IMAGE}


def test_every_folder_of_the_package_is_installed() -> None:
    installed = re.search(
        r"install\(DIRECTORY (?P<folders>[\w ]+) DESTINATION share/\$\{PROJECT_NAME\}\)",
        (PACKAGE / "CMakeLists.txt").read_text(),
    )
    assert installed is not None
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert set(installed["folders"].split()) == folders
