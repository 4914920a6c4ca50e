"""What must hold whatever happens."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rclpy.serialization import deserialize_message

from emotion_bot import stamps, topics
from emotion_core.head.limits import HeadLimits
from emotion_core.head.simulated import ServoReading
from emotion_core.replay.bag_reader import BagReader

from .absurd import TYPES

_MEASURED_RAD = math.radians(0.5)
"""Resolution of a position that is read from servo pulses."""

RECORDED = (topics.FACES, topics.EXPRESSION, topics.HEAD_COMMAND)
_WARM_SHARE = 0.25
_MEBIBYTE = 2**20
_GROWTH_SHARE = 0.05
_GROWTH_BYTES = 16 * _MEBIBYTE
"""The camera's writer holds 16 frames of 0.9 MB from when a reader has been slow for once."""
_GROWTH_HANDLES = 8


def outside_limits(readings: Iterable[ServoReading]) -> list[ServoReading]:
    """Return the positions outside the head's range."""
    limits = HeadLimits()
    return [
        reading
        for reading in readings
        if not (
            limits.pan.minimum - _MEASURED_RAD <= reading.pan <= limits.pan.maximum + _MEASURED_RAD
            and limits.tilt.minimum - _MEASURED_RAD
            <= reading.tilt
            <= limits.tilt.maximum + _MEASURED_RAD
        )
    ]


def recorded_stamps(bag: Path) -> dict[str, set[int]]:
    """Read a whole bag; return the header stamps (ns) by topic.

    Raises:
        BagError: if it cannot be opened.
    """
    found: dict[str, set[int]] = defaultdict(set)
    with BagReader(bag) as reader:
        for message in reader.messages([f"/{topic}" for topic in RECORDED]):
            topic = message.topic.lstrip("/")
            header = deserialize_message(message.data, TYPES[topic]).header
            found[topic].add(stamps.nanoseconds_from_stamp(header.stamp))
    return found


@dataclass(frozen=True)
class Use:
    """What a process holds.

    Attributes:
        memory: of its own, bytes. What it shares is not: libraries, and the segments of DDS peers,
            of which large messages touch more pages.
        handles: open file descriptors.
    """

    memory: int
    handles: int


class Growth:
    """Follows what the processes hold; one that is replaced begins anew."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, int], list[Use]] = defaultdict(list)

    def sample(self, nodes: Mapping[str, psutil.Process]) -> None:
        """Look at every process once."""
        for name, process in nodes.items():
            try:
                memory = process.memory_info()
                use = Use(memory.rss - memory.shared, process.num_fds())
            except psutil.Error:
                continue
            self._samples[name, process.pid].append(use)

    def grown(self, least_samples: int) -> list[str]:
        """Return what has grown in processes that have lived long enough, in words.

        The first quarter of a life is warming up.
        """
        found = []
        for (name, pid), samples in self._samples.items():
            if len(samples) < least_samples:
                continue
            warm = samples[int(_WARM_SHARE * len(samples)) :]
            half = len(warm) // 2
            before, after = _middle(warm[:half]), _middle(warm[half:])
            if after.memory > before.memory * (1 + _GROWTH_SHARE) + _GROWTH_BYTES:
                found.append(
                    f"{name} ({pid}): memory grew from {before.memory // _MEBIBYTE} to "
                    f"{after.memory // _MEBIBYTE} MiB"
                )
            if after.handles > before.handles + _GROWTH_HANDLES:
                found.append(f"{name} ({pid}): {before.handles} to {after.handles} open files")
        return found


def _middle(samples: Sequence[Use]) -> Use:
    return Use(
        int(statistics.median(use.memory for use in samples)),
        int(statistics.median(use.handles for use in samples)),
    )
