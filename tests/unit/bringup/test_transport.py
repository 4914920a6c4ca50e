import re
import socket
from pathlib import Path

import pytest

from emotion_bot.graph import Host, default_environment
from emotion_bot.transport import (
    AUTOMATIC_ID,
    PARTICIPANTS,
    PROFILE_VARIABLES,
    RANGE_VARIABLE,
    STAYS_HERE,
    fresh_ports,
    next_participant,
)
from emotion_bot.up.processes import config_directory

pytestmark = pytest.mark.unit

DOMAIN = 97


def data_port(participant):
    return 7400 + 250 * DOMAIN + 11 + 2 * participant


def profile_in(environment):
    (path,) = {environment[name] for name in PROFILE_VARIABLES}
    return Path(path).read_text()


@pytest.mark.parametrize("host", Host)
def test_every_profile_has_a_place_for_the_id_and_looks_for_all_ids(host):
    environment = default_environment(str(config_directory()), host)
    text = profile_in(environment)
    assert AUTOMATIC_ID in text
    assert f"<maxInitialPeersRange>{PARTICIPANTS}</maxInitialPeersRange>" in text
    # Only the profile of an undivided graph keeps messages on the machine by itself.
    assert (STAYS_HERE in text) == (host is Host.ALL)


def test_a_participant_has_an_id_of_its_own_and_no_second_transports(tmp_path):
    environment = default_environment(str(config_directory())) | {"ROS_DOMAIN_ID": str(DOMAIN)}
    before = dict(environment)
    with fresh_ports(environment, tmp_path):
        assert environment[RANGE_VARIABLE] == "SYSTEM_DEFAULT"
        text = profile_in(environment)
        assert re.search(r"<participantID>\d+</participantID>", text)
        path = Path(environment[PROFILE_VARIABLES[0]])
    assert environment == before
    assert not path.exists()


@pytest.mark.parametrize(
    "more", [{"ROS_STATIC_PEERS": "10.0.0.7"}, {RANGE_VARIABLE: "SUBNET"}, {RANGE_VARIABLE: "OFF"}]
)
def test_only_a_robot_on_one_machine_leaves_discovery_to_the_profile(tmp_path, more):
    environment = default_environment(str(config_directory())) | more
    with fresh_ports(environment, tmp_path):
        assert environment[RANGE_VARIABLE] == more.get(RANGE_VARIABLE, "LOCALHOST")


@pytest.mark.parametrize("profile", [None, "<dds/>", b"\xff\xfe"])
def test_a_profile_of_the_users_is_left_as_it_is(tmp_path, profile):
    path = tmp_path / "mine.xml"
    if profile is not None:
        path.write_bytes(profile if isinstance(profile, bytes) else profile.encode())
    environment = {PROFILE_VARIABLES[0]: str(path), RANGE_VARIABLE: "LOCALHOST"}
    before = dict(environment)
    with fresh_ports(environment, tmp_path):
        assert environment == before
    with fresh_ports(empty := {}, tmp_path):
        assert empty == {}


def test_ids_that_are_in_use_or_have_left_traces_are_not_taken(tmp_path):
    free, bound = 5, 9
    for participant in set(range(PARTICIPANTS)) - {free, bound}:
        end = ("", "_el", "_sl")[participant % 3]
        (tmp_path / f"fastrtps_port{data_port(participant)}{end}").touch()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", data_port(bound) - 1))
        assert [next_participant(DOMAIN, tmp_path) for _ in range(3)] == [free] * 3
        (tmp_path / f"fastrtps_port{data_port(free)}").touch()
        assert next_participant(DOMAIN, tmp_path) == -1


def test_an_id_comes_again_when_all_others_have_been_used(tmp_path):
    ids = [next_participant(DOMAIN, tmp_path) for _ in range(PARTICIPANTS + 2)]
    assert ids == [*range(PARTICIPANTS), 0, 1]
    assert next_participant(DOMAIN + 1, tmp_path) == 0


@pytest.mark.parametrize("note", [b"", b"-7", b"1e9", b"\xff\x00", b"9" * 5000])
def test_a_damaged_note_does_no_harm(tmp_path, note):
    path = tmp_path / f"emotion_bot_participant_{DOMAIN}"
    path.write_bytes(note)
    first = next_participant(DOMAIN, tmp_path)
    assert 0 <= first < PARTICIPANTS
    assert path.read_text() == str(first)
    assert next_participant(DOMAIN, tmp_path) == (first + 1) % PARTICIPANTS


def test_without_a_place_for_the_note_the_first_free_id_is_taken(tmp_path):
    (tmp_path / f"emotion_bot_participant_{DOMAIN}").mkdir()
    assert next_participant(DOMAIN, tmp_path) == -1
