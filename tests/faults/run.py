"""One run: faults one after another, and the invariants all the while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from unittest.mock import patch

from emotion_bot import topics
from emotion_bot.up.processes import use_default_environment

from .injections import RECORDER, Fault, all_faults
from .invariants import RECORDED, Growth, outside_limits, recorded_stamps
from .robot import Robot, wait_for
from .witness import Witness

START_SECONDS = 120.0
_HEALTHY_RATE = 5
"""Fresh answers per second of a robot that works; the camera has 15 frames/s."""
_CALM_SECONDS = 8.0
"""At the end of a run, so that something is left to be looked for in the bag."""
_FILE_START_BYTES = 4096
"""A new file of a bag has fewer before the first message."""
_LATE_END_SECONDS = 4.0
"""A node that the set clock cuts off notices that after more than two seconds, and ends."""
_MARGIN_SECONDS = 2.0
"""What is recorded this long before a recorder dies may be lost with it, and readers that are new
find their writers in this time."""


@dataclass(frozen=True)
class Outcome:
    """What a fault did.

    Attributes:
        fault: its name.
        recovery: from its end until the robot saw, read and moved again, s; None if it did not.
        troubles: invariants that did not hold, in words.
    """

    fault: str
    recovery: float | None
    troubles: tuple[str, ...] = ()


@dataclass
class RunResult:
    """A whole run.

    Attributes:
        seed: of the random choices.
        outcomes: of the faults, in order.
        troubles: of the run as a whole, in words.
        positions: measured positions of the head that were checked.
        messages: seen by the witness, that had to be in the bag.
    """

    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    positions: int = 0
    messages: int = 0


class FaultRun:
    """A robot under faults.

    Args:
        folder: for everything that it writes.
        seed: of the random choices.
        patience: longest time to wait for a recovery, s.
    """

    def __init__(self, folder: Path, seed: int, patience: float) -> None:
        self._random = Random(seed)
        self._patience = patience
        self._result = RunResult(seed)
        self._growth = Growth()
        self._gaps: list[tuple[float, float]] = []
        self._injected: list[tuple[float, str]] = []
        self._begun = time.monotonic()
        # The witness is in this process, whose other tests must not meet the robot.
        self._environment = patch.dict(os.environ)
        self._environment.start()
        os.environ["ROS_DOMAIN_ID"] = str(1 + (os.getpid() + 50) % 100)
        use_default_environment()
        self.robot = Robot(folder)
        try:
            self.witness = Witness()
        except BaseException:
            self.robot.close()
            raise

    def start(self) -> None:
        """Wait until the robot sees, reads, moves and records.

        Raises:
            AssertionError: if it does not come up; with its output.
        """
        up = wait_for(lambda: self._is_well(0.0) and self._is_recording(), START_SECONDS)
        assert up is not None, self.robot.output
        self._begun = time.monotonic()

    def faults(self) -> list[Fault]:
        """Return the faults that can be done to this robot, in random order."""
        faults = all_faults(sorted(self.robot.nodes()), self.robot.clock.can_be_set)
        self._random.shuffle(faults)
        return faults

    def inject(self, faults: Iterable[Fault], say: Callable[[str], None]) -> None:
        """Do one fault after the other, each when the robot has recovered from the last."""
        for fault in faults:
            outcome = self._inject(fault)
            self._result.outcomes.append(outcome)
            recovery = "never" if outcome.recovery is None else f"{outcome.recovery:.1f} s"
            say("; ".join((f"{fault.name}: recovered after {recovery}", *outcome.troubles)))

    def sample(self) -> None:
        """Look at what the processes hold."""
        self._growth.sample(self.robot.nodes())

    def finish(self, least_samples: int) -> RunResult:
        """Stop the robot and check what can only be checked at the end.

        Args:
            least_samples: of a process whose memory is judged.
        """
        self._watch(_CALM_SECONDS)
        end = time.monotonic()
        result = self._result
        left = self.robot.close()
        self.witness.close()
        self._environment.stop()
        result.troubles += [f"left behind: {process}" for process in left]
        result.troubles += self._growth.grown(least_samples)
        readings = self.robot.board.readings
        result.positions = len(readings)
        result.troubles += [f"head outside its limits: {r}" for r in outside_limits(readings)[:3]]
        if self.robot.process.returncode != 0:
            result.troubles.append(f"ended with status {self.robot.process.returncode}")
        result.troubles += self._missing(end)
        return result

    def _inject(self, fault: Fault) -> Outcome:
        before = {name: process.pid for name, process in self.robot.nodes().items()}
        troubles = []
        begun = time.monotonic()
        self._injected.append((begun, fault.name))
        with fault.inject(self.robot, self.witness, self._random):
            self._watch(fault.seconds)
        ended = time.monotonic()

        def has_recovered() -> bool:
            return self._is_well(ended) and self._is_complete(before)

        recovery = wait_for(has_recovered, self._patience)
        if RECORDER in fault.ends:
            recording = wait_for(self._is_recording, self._patience)
            recovery = None if None in (recovery, recording) else time.monotonic() - ended
        if fault.sets_clock:
            # Or the next fault would be blamed for it.
            self._watch(_LATE_END_SECONDS)
            wait_for(has_recovered, self._patience)
        if fault.ends or fault.sets_clock:
            # Only what a recorder has not yet written goes with it.
            margin = _MARGIN_SECONDS if RECORDER in fault.ends or fault.sets_clock else 0.0
            self._gaps.append((begun - margin, time.monotonic() + _MARGIN_SECONDS))
        after = {name: process.pid for name, process in self.robot.nodes().items()}
        died = {name for name in before if before[name] != after.get(name)}
        if others := died - fault.ends:
            troubles.append(f"ended with it: {', '.join(sorted(others))}")
        if self.robot.process.poll() is not None:
            troubles.append("the whole robot ended")
        return Outcome(fault.name, recovery, tuple(troubles))

    def _watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, 0.5))
            self.sample()

    def _is_well(self, since: float) -> bool:
        answers = (topics.FACES, topics.EXPRESSION, topics.HEAD_COMMAND)
        return (
            all(self.witness.fresh(topic, since) >= _HEALTHY_RATE for topic in answers)
            and self.witness.fresh(topics.HEAD_STATE, since) > 0
        )

    def _is_complete(self, names: Iterable[str]) -> bool:
        return set(names) <= set(self.robot.nodes())

    def _is_recording(self) -> bool:
        before = self._recorded_bytes()
        return (
            wait_for(lambda: self._recorded_bytes() > before + _FILE_START_BYTES, 1.5) is not None
        )

    def _recorded_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.robot.bag.glob("*.mcap"))

    def _missing(self, end: float) -> list[str]:
        """Return what the witness saw and the bag lacks, in words."""
        recorded = recorded_stamps(self.robot.bag)
        troubles = []
        spans = _spans(self._begun + _MARGIN_SECONDS, end - _MARGIN_SECONDS, self._gaps)
        for topic in RECORDED:
            seen: dict[int, float] = {}
            for span in spans:
                seen |= self.witness.stamps(topic, *span)
            self._result.messages += len(seen)
            if lost := sorted(at for stamp, at in seen.items() if stamp not in recorded[topic]):
                places = ", ".join(self._places(lost))
                troubles.append(
                    f"{len(lost)} of {len(seen)} messages of {topic} are not in the bag: {places}"
                )
        return troubles

    def _places(self, times: list[float]) -> Iterator[str]:
        """Return where messages are missing, by the faults before them."""
        pauses = [after - at > _MARGIN_SECONDS for at, after in pairwise(times)]
        starts = [0, *(index for index, pause in enumerate(pauses, 1) if pause)]
        for first, end in zip(starts, [*starts[1:], len(times)], strict=True):
            before = [(begun, name) for begun, name in self._injected if begun <= times[first]]
            begun, name = before[-1] if before else (self._begun, "the start")
            seconds = times[end - 1] - times[first]
            yield f"{end - first} within {seconds:.1f} s, {times[first] - begun:.1f} s after {name}"


def _spans(
    begin: float, end: float, gaps: Iterable[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return what is left of a span without the gaps."""
    spans = []
    for first, last in sorted(gaps):
        if first > begin:
            spans.append((begin, min(first, end)))
        begin = max(begin, last)
    if end > begin:
        spans.append((begin, end))
    return spans
