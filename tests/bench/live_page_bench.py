"""What the live page costs: processor time by viewers, latency with and without it."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import connect

from emotion_bot.graph import default_environment
from emotion_bot.up.processes import config_directory

COMMAND = Path(sys.executable).with_name("emotion-bot")
SETTLE_SECONDS = 4.0
RUN_SECONDS = 20
SOURCE = "scene:walk"


def run(source: str = SOURCE) -> dict[str, Any]:
    """Run the robot without the page, with one viewer and with ten; return the figures.

    The percentages are of one core, the latencies ms from capture to head command.
    """
    environment = {
        **default_environment(str(config_directory())),
        **os.environ,
        "ROS_DOMAIN_ID": str(1 + (os.getpid() + 1) % 100),
    }
    figures: dict[str, Any] = {"cpu_percent": {}, "pictures_per_s": {}, "p50_ms": {}, "p95_ms": {}}
    for viewers in (None, 1, 10):
        with tempfile.TemporaryDirectory() as folder:
            name = "without" if viewers is None else str(viewers)
            report = _run_once(source, environment, Path(folder), viewers, figures, name)
        latency = report["latency_ms"]["capture_to_head_command"]
        figures["p50_ms"][name] = latency["p50"]
        figures["p95_ms"][name] = latency["p95"]
        figures.setdefault("frames_dropped", {})[name] = report["frames_dropped"]
    figures["p95_ratio_one_viewer"] = figures["p95_ms"]["1"] / figures["p95_ms"]["without"]
    return figures


def _run_once(
    source: str,
    environment: dict[str, str],
    folder: Path,
    viewers: int | None,
    figures: dict[str, Any],
    name: str,
) -> dict[str, Any]:
    if viewers is None:
        return _finish(_robot(source, environment, folder), folder)
    with _page(environment, figures) as (page, address):
        robot = _robot(source, environment, folder)
        counts = [0] * viewers
        stop = threading.Event()
        watchers = [
            threading.Thread(target=_watch, args=(address, counts, number, stop), daemon=True)
            for number in range(viewers)
        ]
        for watcher in watchers:
            watcher.start()
        while not all(counts) and robot.poll() is None:
            time.sleep(0.1)
        time.sleep(SETTLE_SECONDS)
        begun, used, seen = time.monotonic(), _used(page), sum(counts)
        time.sleep(RUN_SECONDS / 2)
        elapsed = time.monotonic() - begun
        figures["cpu_percent"][name] = round(100 * (_used(page) - used) / elapsed, 1)
        figures["pictures_per_s"][name] = round((sum(counts) - seen) / viewers / elapsed, 1)
        report = _finish(robot, folder)
        stop.set()
        for watcher in watchers:
            watcher.join(5)
    return report


def _robot(source: str, environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    # The page is measured as a process of this bench's own.
    arguments = [
        "--source",
        source,
        "--duration",
        str(RUN_SECONDS),
        "--no-memory",
        "--no-dashboard",
    ]
    return subprocess.Popen(
        [COMMAND, "up", *arguments, "--report", folder / "report.json"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _finish(robot: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    if robot.wait() != 0:
        raise RuntimeError(f"the robot ended with status {robot.returncode}")
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


@contextmanager
def _page(
    environment: dict[str, str], figures: dict[str, Any]
) -> Iterator[tuple[psutil.Process, str]]:
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "emotion_bot.nodes.dashboard", "--ros-args", "-p", "port:=0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "live page: " in line)
        address = line.split("live page: ")[1].strip()
        threading.Thread(target=process.stdout.read, daemon=True).start()
        urllib.request.urlopen(address, timeout=120).read()
        figures.setdefault("page_up_s", round(time.monotonic() - begun, 2))
        figures.setdefault("page_up_cpu_s", round(_used(psutil.Process(process.pid)), 2))
        yield psutil.Process(process.pid), address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _watch(address: str, counts: list[int], number: int, stop: threading.Event) -> None:
    stream = f"{address.replace('http', 'ws')}live"
    with connect(stream, origin=address.rstrip("/"), max_size=None, compression=None) as socket:
        while not stop.is_set():
            try:
                message = socket.recv(timeout=1.0)
            except TimeoutError:
                continue
            (length,) = struct.unpack_from(">I", message)
            counts[number] += len(message) > length + 4


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))  # noqa: T201
