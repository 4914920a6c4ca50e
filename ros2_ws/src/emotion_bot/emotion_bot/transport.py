"""What of its DDS transport a process can only choose for itself: its ports.

By default, a process takes the first free participant id, and with it the ports of the last one
that had it. When a node is killed, the others go on writing into its shared memory until Fast DDS
notices, and the node that has taken its place, with the same ports, hears nothing for as long;
after the clock was set back, for ever. So nodes take one id after the other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Final

from emotion_bot.shared_memory import FOLDER, port_numbers

PROFILE_VARIABLES: Final = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Fast DDS 2 (Jazzy) and 3 (Kilted) name the variable differently."""

RANGE_VARIABLE: Final = "ROS_AUTOMATIC_DISCOVERY_RANGE"
LOCALHOST: Final = "LOCALHOST"
_AS_IN_PROFILE: Final = "SYSTEM_DEFAULT"
_PEERS_VARIABLE: Final = "ROS_STATIC_PEERS"

AUTOMATIC_ID: Final = "<participantID>-1</participantID>"
"""Place in the profiles of config/ for the id; without it, a profile is left as it is."""

STAYS_HERE: Final = "<address>127.0.0.1</address>"
"""What the interfaces and peers of a profile are that keeps to this machine by itself."""

PARTICIPANTS: Final = 64
"""Ids among which participants look for each other, ``maxInitialPeersRange`` of the profiles."""

_NOTE: Final = "emotion_bot_participant_{}"
_NOTE_BYTES: Final = 8

_PORT_BASE: Final = 7400
_DOMAIN_GAIN: Final = 250
_PARTICIPANT_GAIN: Final = 2
_DISCOVERY_OFFSET: Final = 10
_DATA_OFFSET: Final = 11


def has_static_peers(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the user has named the other machines."""
    return bool(environment.get(_PEERS_VARIABLE))


@contextlib.contextmanager
def fresh_ports(
    environment: MutableMapping[str, str] = os.environ, folder: Path = FOLDER
) -> Iterator[None]:
    """Let the participant that is made inside of this have ports that nobody has used lately.

    It has the transports of the profile and no others: for LOCALHOST, rmw_fastrtps adds a second
    set, through which everything is sent once more.

    Args:
        environment: of this process; as before afterwards.
        folder: of the shared memory.
    """
    profile = next((environment[name] for name in PROFILE_VARIABLES if name in environment), "")
    try:
        text = Path(profile).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        # Fast DDS says itself what it cannot read.
        text = ""
    if AUTOMATIC_ID not in text:
        yield
        return
    participant = next_participant(int(environment.get("ROS_DOMAIN_ID") or 0), folder)
    text = text.replace(AUTOMATIC_ID, f"<participantID>{participant}</participantID>")
    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        changes = dict.fromkeys(PROFILE_VARIABLES, file.name)
        stays_here = STAYS_HERE in text and environment.get(RANGE_VARIABLE) == LOCALHOST
        # Peers on other machines are rmw_fastrtps's to add.
        if stays_here and not has_static_peers(environment):
            changes[RANGE_VARIABLE] = _AS_IN_PROFILE
        before = dict(environment)
        environment.update(changes)
        try:
            yield
        finally:
            for name in changes:
                del environment[name]
            environment.update({name: before[name] for name in changes if name in before})


def next_participant(domain: int, folder: Path = FOLDER) -> int:
    """Return the participant id whose last use is the longest ago, or -1 for the first free one.

    Args:
        domain: DDS domain.
        folder: of the shared memory; the id that was given out last is noted in it.
    """
    traces = port_numbers(folder)
    with contextlib.suppress(OSError), (folder / _NOTE.format(domain)).open("a+b") as note:
        fcntl.flock(note, fcntl.LOCK_EX)
        note.seek(0)
        noted = note.read(_NOTE_BYTES)
        last = int(noted) if noted.isdigit() else -1
        for step in range(1, PARTICIPANTS + 1):
            participant = (last + step) % PARTICIPANTS
            first = _PORT_BASE + _DOMAIN_GAIN * domain + _PARTICIPANT_GAIN * participant
            ports = (first + _DISCOVERY_OFFSET, first + _DATA_OFFSET)
            if traces.isdisjoint(ports) and all(map(_is_free, ports)):
                note.truncate(0)
                note.write(str(participant).encode())
                return participant
    return -1


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
