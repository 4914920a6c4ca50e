import pkgutil

import pytest

import emotion_bot.nodes
from emotion_bot.graph import BringUpOptions, build_graph
from emotion_bot.security import (
    POLICY_SUFFIX,
    Profile,
    enclave,
    policy_text,
    read_policy,
)
from emotion_bot.up.processes import config_directory

pytestmark = pytest.mark.unit

PROFILE = Profile(
    publish=frozenset({"image_raw", "/diagnostics"}),
    subscribe=frozenset({"joint_states"}),
    reply=frozenset({"~/get_state"}),
)


def policies():
    return {
        path.name.removesuffix(POLICY_SUFFIX): path.read_text()
        for path in (config_directory() / "security").iterdir()
    }


def test_a_policy_can_be_read_again():
    text = policy_text("camera", PROFILE)
    assert read_policy(text) == {"camera": PROFILE}
    assert f'path="{enclave("camera")}"' in text


def test_profiles_are_compared_by_what_they_permit():
    more = PROFILE | Profile(request=frozenset({"gaze/get_parameters"}))
    assert more - PROFILE == Profile(request=frozenset({"gaze/get_parameters"}))
    assert not PROFILE - more


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<policy>",
        policy_text("camera", PROFILE).replace("ALLOW", "DENY"),
    ],
)
def test_what_is_no_policy_of_ours_is_refused(text):
    with pytest.raises(ValueError, match=r"policy|allowed"):
        read_policy(text)


def test_every_node_has_a_policy_and_every_policy_a_node():
    nodes = {name for _, name, _ in pkgutil.iter_modules(emotion_bot.nodes.__path__)}
    assert set(policies()) == nodes


@pytest.mark.parametrize("name", sorted(policies()))
def test_a_policy_speaks_of_its_node_alone(name):
    assert list(read_policy(policies()[name])) == [name]


def test_only_whom_the_architecture_names_gets_pictures_and_sound():
    readers = {
        topic: {name for name, text in policies().items() if topic in _read(text)}
        for topic in ("image_raw", "image_raw/compressed", "audio")
    }
    assert readers == {
        "image_raw": {"faces", "dashboard", "recorder"},
        "image_raw/compressed": {"republish"},
        "audio": {"voice", "speech", "recorder"},
    }


def test_only_gaze_steers_the_head():
    steering = {
        name
        for name, text in policies().items()
        if "head/command" in next(iter(read_policy(text).values())).publish
    }
    assert steering == {"gaze"}


def _read(text):
    return next(iter(read_policy(text).values())).subscribe


def test_the_whole_robot_is_covered():
    graph = build_graph(BringUpOptions(mic="device", speak=True, record="bag"))
    assert {spec.name for spec in graph} <= set(policies())
