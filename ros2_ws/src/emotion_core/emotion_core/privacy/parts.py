"""The privacy state of each part of the robot, concluded from what is known about it.

What is not known is ``UNKNOWN``. Nothing here takes silence for "off": a part counts as off or
absent only when something says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

ANSWER_LIFETIME_SECONDS: Final = 3.0
"""An answer about a part's state counts for this long."""

DISCOVERY_SECONDS: Final = 5.0
"""What has not shown itself on the network by then is taken to be absent."""

_OFF_LABELS: Final = frozenset({"unconfigured", "inactive", "finalized"})
_ON_LABEL: Final = "active"


class PartState(IntEnum):
    """State of a part; the values are those of PrivacyPart.msg."""

    UNKNOWN = 0
    ON = 1
    OFF = 2
    ABSENT = 3


@dataclass(frozen=True, slots=True)
class PrivacyPart:
    """What is known of one part of the robot.

    Attributes:
        name: camera, microphone, recording, ...
        state: as far as it is known.
        detail: one line for people: why the state is what it is.
        goes_to: who receives what the part delivers.
        kept: what of it is stored and for how long; empty when nothing is known about that.
    """

    name: str
    state: PartState
    detail: str
    goes_to: tuple[str, ...] = ()
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What has been observed of a part that a lifecycle node stands for. Times are s on one clock.

    Attributes:
        watched_for: how long it has been looked for.
        node_present: whether the node offers its lifecycle services.
        label: newest answer to the question for its lifecycle state; None before the first.
        label_time: when that answer came.
        changed_time: when the label last changed.
        device_open: what the node's newest health report says about the device; None for nothing.
        device_time: when that report came.
        device_detail: its text.
        other_publishers: nodes besides it that publish the same data.
    """

    watched_for: float
    node_present: bool = False
    label: str | None = None
    label_time: float = 0.0
    changed_time: float = 0.0
    device_open: bool | None = None
    device_time: float = 0.0
    device_detail: str = ""
    other_publishers: tuple[str, ...] = ()


def conclude(evidence: Evidence, now: float) -> tuple[PartState, str]:
    """Return the state of a sensor or other lifecycle part, and the reason.

    Args:
        evidence: what has been observed.
        now: s.
    """
    if evidence.other_publishers:
        others = ", ".join(evidence.other_publishers)
        return PartState.ON, f"published by {others}, which cannot be switched here"
    if evidence.label is not None and now - evidence.label_time <= ANSWER_LIFETIME_SECONDS:
        return _from_label(evidence, now)
    if evidence.node_present:
        return PartState.UNKNOWN, "its node does not answer"
    if evidence.watched_for < DISCOVERY_SECONDS:
        return PartState.UNKNOWN, "being looked for"
    return PartState.ABSENT, "no such node runs"


def _from_label(evidence: Evidence, now: float) -> tuple[PartState, str]:
    report_is_newer = (
        evidence.device_open is not None
        and evidence.device_time > evidence.changed_time
        and now - evidence.device_time <= ANSWER_LIFETIME_SECONDS
    )
    if evidence.label == _ON_LABEL:
        if report_is_newer and not evidence.device_open:
            return PartState.ON, f"switched on, the device is not open: {evidence.device_detail}"
        return PartState.ON, "switched on"
    if evidence.label in _OFF_LABELS:
        if report_is_newer and evidence.device_open:
            return (
                PartState.UNKNOWN,
                f"its node is {evidence.label}, but reports the device as open",
            )
        return PartState.OFF, "the device is closed"
    return PartState.UNKNOWN, f"its node is {evidence.label}"


def sensor_part(
    name: str,
    evidence: Evidence,
    now: float,
    readers: tuple[str, ...],
) -> PrivacyPart:
    """Return the part for a camera or microphone.

    Args:
        name: of the part.
        evidence: what has been observed of its node.
        now: s.
        readers: nodes that receive its data.
    """
    state, detail = conclude(evidence, now)
    if state is PartState.ABSENT:
        return PrivacyPart(name, state, detail, kept="nothing")
    return PrivacyPart(name, state, detail, readers, "nothing by itself; see recording")


def recording_part(
    watched_for: float,
    readers: Mapping[str, tuple[str, ...]],
    own_readers: Mapping[str, frozenset[str]],
    recorder: str,
    *,
    recorder_runs: bool,
) -> PrivacyPart:
    """Return the part for recordings of pictures and sound.

    Args:
        watched_for: how long readers have been looked for, s.
        readers: nodes that receive raw data now, by topic.
        own_readers: the robot's own nodes that need it and store nothing, by topic.
        recorder: name of the node that records.
        recorder_runs: whether that node runs, whatever it receives.
    """
    recorded = [topic for topic, nodes in readers.items() if recorder in nodes]
    if recorded:
        return PrivacyPart(
            "recording",
            PartState.ON,
            f"{', '.join(recorded)} is being recorded",
            (recorder,),
            "until somebody deletes it",
        )
    strange = {
        topic: sorted(set(nodes) - own_readers.get(topic, frozenset()))
        for topic, nodes in readers.items()
    }
    strangers = tuple(sorted({node for nodes in strange.values() for node in nodes}))
    if strangers:
        topics = ", ".join(topic for topic, nodes in strange.items() if nodes)
        return PrivacyPart(
            "recording",
            PartState.UNKNOWN,
            f"{', '.join(strangers)} receives {topics}; whether it stores that is not known",
            strangers,
        )
    if watched_for < DISCOVERY_SECONDS:
        return PrivacyPart("recording", PartState.UNKNOWN, "being looked for")
    if recorder_runs:
        detail = "a recorder runs, but receives neither pictures nor sound"
        return PrivacyPart("recording", PartState.OFF, detail, kept="numbers without pictures")
    detail = "nobody but the robot's own nodes receives pictures or sound"
    return PrivacyPart("recording", PartState.OFF, detail, kept="nothing")


def network_part(environment: Mapping[str, str]) -> PrivacyPart:
    """Return the part for ROS messages that leave this computer.

    Args:
        environment: variables of this process; all nodes of a bring-up share them.
    """
    peers = environment.get("ROS_STATIC_PEERS", "")
    if server := environment.get("ROS_DISCOVERY_SERVER", ""):
        return PrivacyPart(
            "network", PartState.ON, f"messages go wherever {server} introduces", (server,)
        )
    discovery = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper()
    if discovery == "LOCALHOST" and not peers:
        detail = "messages stay on this computer"
        return PrivacyPart("network", PartState.OFF, detail, kept="nothing")
    if discovery == "OFF" and not peers:
        detail = "messages stay in their process"
        return PrivacyPart("network", PartState.OFF, detail, kept="nothing")
    if peers:
        return PrivacyPart(
            "network", PartState.ON, "messages go to named computers", tuple(peers.split(";"))
        )
    if discovery in ("", "SUBNET"):
        return PrivacyPart(
            "network",
            PartState.ON,
            "every computer in the local network can receive the robot's messages",
            ("the local network",),
        )
    return PrivacyPart("network", PartState.UNKNOWN, f"discovery range is {discovery!r}")
