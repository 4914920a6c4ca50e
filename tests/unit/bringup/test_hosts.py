import importlib
import itertools
from xml.etree import ElementTree

import pytest
import yaml

from emotion_bot.graph import (
    RECEIVE_BUFFER_BYTES,
    TRANSPORT_PROFILE,
    BringUpOptions,
    Host,
    build_graph,
    default_environment,
    resolve_microphone,
)
from emotion_bot.pipeline.faces import PARAMETERS
from emotion_bot.up.processes import config_directory

pytestmark = pytest.mark.unit

PARTS = (Host.ROBOT, Host.WORKSTATION)
EVERYTHING = {
    "source": ("scene", "video:a.mp4", "external"),
    "head": ("virtual", "none"),
    "mic": ("device", "none"),
    "speak": (True, False),
    "dashboard": (True, False),
    "record": ("", "bag"),
}


def names(host, **options):
    return [spec.name for spec in build_graph(BringUpOptions(host=host, **options))]


@pytest.mark.parametrize("values", itertools.product(*EVERYTHING.values()), ids=str)
def test_every_node_runs_in_exactly_one_place(values):
    options = dict(zip(EVERYTHING, values, strict=True))
    robot, workstation = (names(host, **options) for host in PARTS)
    assert not set(robot) & set(workstation)
    # Only a split graph sends its images compressed.
    assert workstation.count("republish") == 1
    assert sorted([*names(Host.ALL, **options), "republish"]) == sorted(robot + workstation)


def test_what_is_wired_to_the_robot_runs_there():
    assert set(names(Host.ROBOT, mic="device", speak=True, record="bag")) == {
        "camera",
        "head",
        "microphone",
        "say",
    }


def test_only_a_split_graph_compresses_its_images():
    def transport(host):
        graph = build_graph(BringUpOptions(host=host))
        return next(s for s in graph if s.name == "camera").parameters["image_transport"]

    assert transport(Host.ALL) == "raw"
    assert transport(Host.ROBOT) == "compressed"


def test_what_only_a_split_graph_has_can_be_started():
    graph = build_graph(BringUpOptions(host=Host.WORKSTATION))
    spec = next(spec for spec in graph if spec.name == "republish")
    module = importlib.import_module(spec.module)
    assert callable(module.main)
    content = yaml.safe_load((config_directory() / spec.parameter_file).read_text())
    assert set(content[f"/**/{spec.name}"]["ros__parameters"]) == {
        p.name for p in module.PARAMETERS
    }


def test_frames_of_another_machine_may_be_older():
    def faces(**options):
        graph = build_graph(BringUpOptions(**options))
        return next(spec for spec in graph if spec.name == "faces").parameters

    limit = default_of("maximum_age")
    assert faces().get("maximum_age", limit) < faces(host=Host.WORKSTATION)["maximum_age"]
    # Every frame of a recording counts, wherever it comes from.
    assert faces(host=Host.WORKSTATION, source="video:a.mp4")["maximum_age"] == 0.0


def default_of(name):
    return next(p.default for p in PARAMETERS if p.name == name)


def settings(host, **peers):
    environment = default_environment("/config", host, **peers)
    profile = environment["FASTDDS_DEFAULT_PROFILES_FILE"]
    assert environment["FASTRTPS_DEFAULT_PROFILES_FILE"] == profile
    return environment["ROS_AUTOMATIC_DISCOVERY_RANGE"], profile.removeprefix("/config/")


def test_messages_stay_on_the_machine_unless_the_graph_is_split():
    assert settings(Host.ALL) == ("LOCALHOST", TRANSPORT_PROFILE)
    assert settings(Host.ALL, has_static_peers=True) == ("LOCALHOST", TRANSPORT_PROFILE)


@pytest.mark.parametrize("host", PARTS)
def test_a_part_finds_the_other_one_in_the_network_or_where_the_user_says(host):
    discovery, profile = settings(host)
    assert discovery == "SUBNET"
    # Who names the machines wants these and no others.
    assert settings(host, has_static_peers=True) == ("LOCALHOST", profile)


@pytest.mark.parametrize("host", Host)
def test_the_transports_of_every_part_are_installed_and_end_at_the_loopback_unless_split(host):
    tree = ElementTree.parse(config_directory() / settings(host)[1])
    names = {"dds": "http://www.eprosima.com"}
    addresses = [e.text for e in tree.findall(".//dds:interfaceWhiteList/dds:address", names)]
    assert addresses == (["127.0.0.1"] if host is Host.ALL else [])


@pytest.mark.parametrize(
    ("source", "mic"),
    [("webcam", "device"), ("video:a.mp4", "video:a.mp4"), ("scene", "none")],
)
def test_a_workstation_expects_what_the_robot_may_hear(source, mic):
    def unasked(*_):
        raise AssertionError("the devices of the workstation do not matter")

    options = BringUpOptions(source=source, host=Host.WORKSTATION)
    assert resolve_microphone(options, unasked, unasked).mic == mic


@pytest.mark.parametrize("host", Host)
def test_every_part_asks_for_the_receive_buffers_that_the_doctor_looks_for(host):
    tree = ElementTree.parse(config_directory() / settings(host)[1])
    names = {"dds": "http://www.eprosima.com"}
    sizes = [int(e.text) for e in tree.findall(".//dds:receiveBufferSize", names)]
    assert sizes == [RECEIVE_BUFFER_BYTES]
