"""Recording and replay: sameness, speed and losses."""

from __future__ import annotations

import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import print as show
from sensor_msgs.msg import CameraInfo, CompressedImage

from emotion_bot.replay import outcome
from emotion_bot.replay.offline_robot import RobotSettings
from emotion_bot.replay.source_bag import write_source_bag
from emotion_bot.up.processes import config_directory
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.run_record import agreement

from ..replay import recorder_trials
from .live import run_live


def run(clip: Path, runs: int = 10, kills: int = 20, seed: int = 0) -> dict[str, Any]:
    """Measure on a video, on the built-in scene and on killed recorders.

    Args:
        clip: a video.
        runs: exact replays to compare.
        kills: recorders to kill.
        seed: of the moments.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bag = folder / "clip"
        write_source_bag(
            bag,
            f"video:{clip}",
            lambda on_head: RobotSettings.from_files(config_directory(), camera_on_head=on_head),
        )
        exact = [outcome.exact(bag) for _ in range(runs)]
        dds = outcome.over_dds(bag, 1.0)
        return {
            "exact": {
                "runs": runs,
                "different_hashes": len({one.hash for one in exact}),
                "realtime_factor": round(statistics.median(o.realtime_factor for o in exact), 2),
            },
            "dds_at_1x": {
                "frames": len(dds.run.faces),
                "messages_lost": sum(dds.lost.values()),
                "labels_agree": round(agreement(dds.run, exact[0].run), 4),
                "realtime_factor": round(dds.realtime_factor, 3),
            },
            "recording": recording(folder / "live"),
            "killed_recorder": killed(folder, kills, seed),
        }


def recording(bag: Path, seconds: float = 20.0) -> dict[str, Any]:
    """Record the whole robot on the built-in scene; return what is missing in the bag."""
    process = recorder_trials.node("recorder", {"directory": str(bag), "consent": True})
    try:
        report = run_live("--source", "scene:walk", "--duration", f"{seconds:g}").report
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(recorder_trials.TIMEOUT_SECONDS)
    with BagReader(bag) as reader:
        frames = set(recorder_trials.stamps(reader, recorder_trials.FRAMES, CompressedImage))
        infos = set(recorder_trials.stamps(reader, recorder_trials.INFOS, CameraInfo))
        counts = dict(reader.counts)
    return {
        "frames": len(frames),
        "frames_lost": len(infos - frames),
        "frames_captured": report["frames_captured"] - report["frames_dropped"],
        "messages": sum(counts.values()),
        "megabytes_per_minute": round(_megabytes(bag) * 60 / seconds, 1),
    }


def killed(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Kill recorders with SIGKILL at random moments."""
    trials = recorder_trials.kill_trials(folder, count, seed)
    return {
        "kills": count,
        "seed": seed,
        "bags_opened": len(trials),
        "bags_repaired": sum(trial.repaired for trial in trials),
        "most_missing_s": round(max(trial.missing_seconds for trial in trials), 3),
        "frames_missing_between": sum(trial.gaps for trial in trials),
    }


def _megabytes(bag: Path) -> float:
    return sum(file.stat().st_size for file in bag.glob("*.mcap")) / 2**20


def main(
    clip: Annotated[Path, typer.Argument(help="A video.")],
    runs: int = 10,
    kills: int = 20,
    seed: Annotated[int | None, typer.Option(help="Of the moments of the kills.")] = None,
) -> None:
    """Print all figures."""
    show(run(clip, runs, kills, int(time.time()) if seed is None else seed))


if __name__ == "__main__":
    typer.run(main)
