"""One call for each way to look at a bag, with one kind of result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion_bot.replay.bag_inputs import camera_on_head
from emotion_bot.replay.collector import Collector, no_delay
from emotion_bot.replay.dds import replay_over_dds
from emotion_bot.replay.exact import replay_exactly
from emotion_bot.replay.offline_robot import RobotSettings
from emotion_bot.replay.recorded import read_recorded_run
from emotion_bot.up.processes import config_directory
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.check_results import CheckResult
from emotion_core.replay.run_record import RunRecord


@dataclass(frozen=True)
class ReplayOutcome:
    """What came of a bag.

    Attributes:
        bag: its path.
        mode: exact, dds or recorded.
        run: what the robot did.
        duration: of the bag, s.
        elapsed: what the replay took, s.
        hash: of all expression and head command messages of an exact replay; otherwise None.
        lost: answers that never came, by topic; empty where none can be lost.
        resent: frames that were lost on the way to the nodes and sent again.
        rejections: how often something in the bag could not be used, by reason.
    """

    bag: Path
    mode: str
    run: RunRecord
    duration: float
    elapsed: float
    hash: str | None = None
    lost: Mapping[str, int] = field(default_factory=dict)
    resent: int = 0
    rejections: Mapping[str, int] = field(default_factory=dict)

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time."""
        return self.duration / self.elapsed if self.elapsed > 0 else 0.0

    def report(self, results: Sequence[CheckResult]) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "bag": str(self.bag),
            "mode": self.mode,
            "duration_s": round(self.duration, 3),
            "frames": len(self.run.faces),
            "expressions": len(self.run.expressions),
            "realtime_factor": round(self.realtime_factor, 2),
            "hash": self.hash,
            "messages_lost": dict(self.lost),
            "frames_resent": self.resent,
            "rejected": dict(self.rejections),
            "checks": [result.model_dump() for result in results],
            "passed": all(result.passed for result in results),
        }


def exact(
    path: Path,
    *,
    config: Path | None = None,
    on_head: bool | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> ReplayOutcome:
    """Run the nodes' logic on a bag in this process.

    Args:
        path: of the bag.
        config: folder with the parameter files; None for the installed one.
        on_head: whether the camera turned with the head; None for what the bag says.
        progress: called now and then with the share that is done, [0, 1].

    Raises:
        BagError: if the bag cannot be read or holds no frames.
        ParameterError: if a parameter file is unusable.
        DetectorError: if the face detector cannot be loaded.
        ModelError: if the face model cannot be loaded.
    """
    with BagReader(path) as bag:
        turned = camera_on_head(bag) if on_head is None else on_head
        settings = RobotSettings.from_files(config or config_directory(), camera_on_head=turned)
        collector = Collector(no_delay)
        replay = replay_exactly(bag, settings, collector.take, time.perf_counter, progress)
    return ReplayOutcome(
        path,
        "exact",
        collector.finish(),
        replay.duration,
        replay.elapsed,
        hash=replay.hash,
        rejections=replay.rejections,
    )


def recorded(path: Path) -> ReplayOutcome:
    """Return what the robot did when the bag was recorded.

    Raises:
        BagError: if the bag cannot be read.
    """
    started = time.perf_counter()
    with BagReader(path) as bag:
        run = read_recorded_run(bag)
        return ReplayOutcome(path, "recorded", run, bag.duration, time.perf_counter() - started)


def over_dds(path: Path, rate: float, **options: Any) -> ReplayOutcome:
    """Play a bag into the nodes; options as for `dds.replay_over_dds`.

    Raises:
        BagError: if the bag cannot be read or holds no frames.
        PlayerError: if the nodes do not come up, or a running robot is in the way.
        ProcessFailedError: if a node cannot work as it is configured.
    """
    with BagReader(path) as bag:
        replay = replay_over_dds(bag, rate, **options)
    return ReplayOutcome(
        path,
        "dds",
        replay.run,
        replay.duration,
        replay.elapsed,
        lost=replay.lost,
        resent=replay.resent,
    )
