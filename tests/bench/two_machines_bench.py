"""The graph split over two machines: latency, lost frames, and what a cut link does."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from emotion_bot import capture_health
from emotion_bot.graph import Host, default_environment
from emotion_bot.up.processes import config_directory
from emotion_core.head.factory import default_head

from . import two_machines
from .two_machines import WITNESS, Event, Running, TwoMachines, robot_environment, up

LINKS: Final[Mapping[str, tuple[float, float]]] = {
    "clean": (0.0, 0.0),
    "5 % loss": (0.05, 0.0),
    "5 % loss, 10 ms delay": (0.05, 0.010),
}
"""Share of packets that each direction loses, and its delay, s."""

SHORT_CUT_SECONDS = 5.0
LONG_CUT_SECONDS = 30.0
"""Longer than the 20 s after which DDS forgets a machine that is silent."""

SCENE = ("--source", "scene:walk", "--mic", "none")
_START_SECONDS = 90.0
_SETTLING_SECONDS = 5.0
_LOOKING_AWAY = 0.15
"""The head is cut off when it looks at least so far aside, rad."""


def run(seconds: float = 20.0) -> dict[str, Any]:
    """Measure on machines made of namespaces.

    Args:
        seconds: of each measurement with a link of `LINKS`.

    Returns:
        ``left_out`` alone, with the reason, where machines cannot be made. Else ``emulation``, what
        loses and delays packets; ``links``, by name the latencies in ms and the frames; ``cut``.
    """
    if reason := two_machines.missing():
        return {"left_out": reason}
    head = default_head()
    figures: dict[str, Any] = {"head": head, "emulation": "none", "links": {}}
    for name, (loss, delay) in LINKS.items():
        with _Split(loss, delay, head) as split:
            if split.machines.emulation != "none":
                figures["emulation"] = split.machines.emulation
            figures["links"][name] = split.measure(seconds)
            if not loss:
                figures["cut"] = {
                    "parked_s": split.cut(SHORT_CUT_SECONDS),
                    "recovered_s": split.mend(),
                    "parked_before_long_cut_s": split.cut(LONG_CUT_SECONDS),
                    "recovered_after_long_cut_s": split.mend(),
                }
    return figures


class _Split:
    """The robot on its two machines, with a witness on each."""

    def __init__(self, loss: float, delay: float, head: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        environment = robot_environment(Path(self._folder.name))
        watching = {**default_environment(str(config_directory()), Host.ROBOT), **environment}
        self.machines = TwoMachines(loss, delay)
        try:
            workstation, robot = self.machines.workstation, self.machines.robot
            self._programs = [
                workstation.start(
                    *up("workstation", *SCENE, "--no-dashboard"), environment=environment
                ),
                robot.start(*up("robot", *SCENE, "--head", head), environment=environment),
            ]
            self._at_workstation = workstation.start(
                sys.executable, WITNESS, "faces", "head/command", "/diagnostics",
                environment=watching,
            )  # fmt: skip
            self._at_robot = robot.start(
                sys.executable, WITNESS, "camera_info", "head/state", "joint_states",
                environment=watching,
            )  # fmt: skip
        except BaseException:
            self.machines.close()
            raise

    def __enter__(self) -> _Split:
        return self

    def __exit__(self, *_: object) -> None:
        self.machines.close()
        self._folder.cleanup()

    def measure(self, seconds: float) -> dict[str, Any]:
        """Return latencies and losses of some seconds once everything runs."""
        self._works_since(0.0, _START_SECONDS)
        time.sleep(_SETTLING_SECONDS)
        since, until = time.time(), time.time() + seconds
        time.sleep(seconds + _SETTLING_SECONDS)
        said = [
            event
            for event in _of(self._at_workstation.events, "/diagnostics")
            if since * 1e9 <= event["stamp"] < until * 1e9
        ]
        captured = _stamps(self._at_robot, "camera_info", since, until)
        answered = _stamps(self._at_workstation, "faces", since, until) & captured
        commands = _first(
            (e["stamp"], e["at"]) for e in _of(self._at_workstation.events, "head/command")
        )
        acks = _first(
            (e["acked_stamp"], e["acked_at"]) for e in _of(self._at_robot.events, "head/state")
        )
        commanded = {stamp: at for stamp, at in commands.items() if stamp in captured}
        acked = {stamp: at for stamp, at in acks.items() if stamp in captured}
        return {
            "capture_to_head_command_ms": _percentiles(
                at - stamp * 1e-9 for stamp, at in commanded.items()
            ),
            "command_to_ack_ms": _percentiles(
                at - commanded[stamp] for stamp, at in acked.items() if stamp in commanded
            ),
            "capture_to_head_ack_ms": _percentiles(
                at - stamp * 1e-9 for stamp, at in acked.items()
            ),
            "frames_captured": len(captured),
            "frames_lost_on_link_percent": _lost_percent(said),
            "frames_passed_over": _risen(said, "faces", "frames_passed_over"),
            "frames_without_answer": len(captured - answered),
        }

    def cut(self, seconds: float) -> float:
        """Cut the link while the head looks aside; return after how many s it was parked."""
        seen = len(self._at_robot.events)
        self._at_robot.wait_for(
            lambda events: any(abs(e.get("pan") or 0.0) > _LOOKING_AWAY for e in events[seen:]),
            "a turn of the head",
            _START_SECONDS,
        )
        cut_at = self.machines.cut()
        time.sleep(seconds)
        parked = (e["at"] for e in self._at_robot.events if e.get("parked") and e["at"] > cut_at)
        return round(next(parked) - cut_at, 3)

    def mend(self) -> float:
        """Bring the link back; return after how many s the head acknowledged a new frame."""
        mended_at = self.machines.mend()
        self._works_since(mended_at, _START_SECONDS)
        acked = (
            e["acked_at"]
            for e in _of(self._at_robot.events, "head/state")
            if e["acked_stamp"] > mended_at * 1e9
        )
        return round(next(acked) - mended_at, 3)

    def _works_since(self, moment: float, seconds: float) -> None:
        self._at_robot.wait_for(
            lambda events: any(e.get("acked_stamp", 0) > moment * 1e9 for e in events[-100:]),
            "an acknowledgement of the head",
            seconds,
        )
        self._at_workstation.wait_for(
            lambda events: any(
                e["topic"] == "faces" and e["stamp"] > moment * 1e9 for e in events[-100:]
            ),
            "faces at the workstation",
            seconds,
        )


def _of(events: Sequence[Event], topic: str) -> list[Event]:
    return [event for event in events if event["topic"] == topic]


def _stamps(witness: Running, topic: str, since: float, until: float) -> set[int]:
    return {
        event["stamp"]
        for event in _of(witness.events, topic)
        if since * 1e9 <= event["stamp"] < until * 1e9
    }


def _first(pairs: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return when each stamp was seen for the first time."""
    found: dict[int, float] = {}
    for stamp, at in pairs:
        found.setdefault(stamp, at)
    return found


def _lost_percent(said: Sequence[Event]) -> float | None:
    """Return the share of the camera's frames that did not reach the workstation, in percent."""
    captured = _rate(said, "camera", capture_health.CAPTURED)
    dropped = _rate(said, "camera", capture_health.DROPPED)
    arrived = _rate(said, "republish", "frames")
    if captured is None or dropped is None or arrived is None or captured <= dropped:
        return None
    # Counters are told once a second, each a little off the beat: more may seem to arrive.
    return round(max(0.0, 100 * (1 - arrived / (captured - dropped))), 2)


def _rate(said: Sequence[Event], node: str, counter: str) -> float | None:
    """Return by how much a counter rose per second."""
    counts = _counts(said, node, counter)
    if len(counts) < 2:
        return None
    (first, lowest), (last, highest) = counts[0], counts[-1]
    return (highest - lowest) / (last - first)


def _risen(said: Sequence[Event], node: str, counter: str) -> int | None:
    counts = _counts(said, node, counter)
    return counts[-1][1] - counts[0][1] if counts else None


def _counts(said: Sequence[Event], node: str, counter: str) -> list[tuple[float, int]]:
    """Return what a node said of a counter: (time in s, count)."""
    return [
        (event["stamp"] * 1e-9, int(event["values"][node][counter]))
        for event in said
        if counter in event["values"].get(node, {})
    ]


def _percentiles(seconds: Iterable[float]) -> dict[str, float | None]:
    values = np.array(list(seconds)) * 1000
    return {
        f"p{p}": round(float(np.percentile(values, p)), 2) if values.size else None
        for p in (50, 95, 99)
    }
