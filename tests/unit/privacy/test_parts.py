import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.privacy.parts import (
    ANSWER_LIFETIME_SECONDS,
    DISCOVERY_SECONDS,
    Evidence,
    PartState,
    conclude,
    network_part,
    recording_part,
    sensor_part,
)

pytestmark = pytest.mark.unit

NOW = 100.0
ACTIVE = Evidence(60.0, node_present=True, label="active", label_time=NOW - 0.5, changed_time=50.0)
INACTIVE = dataclasses.replace(ACTIVE, label="inactive")


@pytest.mark.parametrize(
    ("evidence", "state"),
    [
        (ACTIVE, PartState.ON),
        (INACTIVE, PartState.OFF),
        (dataclasses.replace(ACTIVE, label="unconfigured"), PartState.OFF),
        (dataclasses.replace(ACTIVE, label="finalized"), PartState.OFF),
        (dataclasses.replace(ACTIVE, label="deactivating"), PartState.UNKNOWN),
        (dataclasses.replace(ACTIVE, label="errorprocessing"), PartState.UNKNOWN),
        # An answer counts for a while only.
        (dataclasses.replace(INACTIVE, label_time=NOW - 3.1), PartState.UNKNOWN),
        (Evidence(60.0, node_present=True), PartState.UNKNOWN),
        (Evidence(0.0), PartState.UNKNOWN),
        (Evidence(4.9), PartState.UNKNOWN),
        (Evidence(5.1), PartState.ABSENT),
        # An old answer of a node that has gone says nothing about the present.
        (dataclasses.replace(INACTIVE, node_present=False, label_time=10.0), PartState.ABSENT),
        # Another node publishes pictures: switching ours off did not stop them.
        (dataclasses.replace(INACTIVE, other_publishers=("usb_cam",)), PartState.ON),
        (Evidence(60.0, other_publishers=("usb_cam",)), PartState.ON),
        # The device contradicts the lifecycle.
        (
            dataclasses.replace(INACTIVE, device_open=True, device_time=NOW - 0.2),
            PartState.UNKNOWN,
        ),
        # A report from before the change does not.
        (dataclasses.replace(INACTIVE, device_open=True, device_time=49.0), PartState.OFF),
        (
            dataclasses.replace(ACTIVE, device_open=False, device_time=NOW - 0.2),
            PartState.ON,
        ),
    ],
)
def test_the_state_follows_from_what_is_known(evidence, state):
    assert conclude(evidence, NOW)[0] is state


times = st.floats(0, NOW)


@given(
    st.builds(
        Evidence,
        watched_for=times,
        node_present=st.booleans(),
        label=st.none()
        | st.sampled_from(["active", "inactive", "unconfigured", "finalized", "deactivating", ""]),
        label_time=times,
        changed_time=times,
        device_open=st.none() | st.booleans(),
        device_time=times,
        other_publishers=st.sampled_from([(), ("usb_cam",)]),
    )
)
def test_silence_is_never_off(evidence):
    state, detail = conclude(evidence, NOW)
    assert detail
    if state is PartState.OFF:
        assert evidence.label in {"inactive", "unconfigured", "finalized"}
        assert NOW - evidence.label_time <= ANSWER_LIFETIME_SECONDS
        assert not evidence.other_publishers
    if state is PartState.ABSENT:
        assert not evidence.node_present
        assert evidence.watched_for >= DISCOVERY_SECONDS
        assert not evidence.other_publishers


def test_a_sensor_names_its_receivers_also_when_its_state_is_unknown():
    part = sensor_part("camera", Evidence(60.0, node_present=True), NOW, ("faces", "spy"))
    assert part.state is PartState.UNKNOWN
    assert part.goes_to == ("faces", "spy")


OWN = {"image_raw": frozenset({"faces", "dashboard"}), "audio": frozenset({"speech"})}


def recording(readers, watched_for=60.0, *, recorder_runs=False):
    return recording_part(watched_for, readers, OWN, "recorder", recorder_runs=recorder_runs)


def test_nobody_but_the_robot_receives_pictures():
    part = recording({"image_raw": ("dashboard", "faces"), "audio": ()})
    assert part.state is PartState.OFF
    assert part.kept == "nothing"


def test_a_recorder_that_receives_pictures_records():
    part = recording({"image_raw": ("faces", "recorder"), "audio": ()}, recorder_runs=True)
    assert part.state is PartState.ON
    assert "image_raw" in part.detail


def test_a_recorder_without_pictures_does_not_record_people():
    part = recording({"image_raw": ("faces",)}, recorder_runs=True)
    assert part.state is PartState.OFF


@pytest.mark.parametrize("topic", ["image_raw", "audio"])
def test_a_stranger_who_receives_raw_data_makes_it_unknown(topic):
    part = recording({topic: ("rosbag2_recorder",)})
    assert part.state is PartState.UNKNOWN
    assert part.goes_to == ("rosbag2_recorder",)
    assert topic in part.detail


def test_before_discovery_nobody_is_taken_to_be_absent():
    assert recording({}, watched_for=1.0).state is PartState.UNKNOWN


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, PartState.OFF),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"}, PartState.OFF),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, PartState.OFF),
        ({}, PartState.ON),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, PartState.ON),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_STATIC_PEERS": "10.0.0.7"},
            PartState.ON,
        ),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DISCOVERY_SERVER": "10.0.0.7"},
            PartState.ON,
        ),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"}, PartState.UNKNOWN),
    ],
)
def test_whether_messages_leave_the_computer(environment, state):
    assert network_part(environment).state is state
