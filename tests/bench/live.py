"""Running the installed robot and recording what its head and its nodes do meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from emotion_bot.up.processes import config_directory, use_default_environment

from .health_log import HealthLog
from .node_usage import NodeUsage

COMMAND = Path(sys.executable).with_name("emotion-bot")
_USAGE_SECONDS = 0.5


@dataclass(frozen=True)
class LiveRun:
    """One run of `emotion-bot up`.

    Attributes:
        report: the run's report.
        times: of the measured positions, s on the same clock, shape (n,).
        pan: measured, rad, shape (n,).
        health: what the nodes said on /diagnostics.
        usage: `cpu_percent` of one core and `rss_mb` by node, from the first picture on.
    """

    report: dict
    times: npt.NDArray[np.float64]
    pan: npt.NDArray[np.float64]
    health: HealthLog = field(default_factory=HealthLog)
    usage: dict[str, dict[str, float]] = field(default_factory=dict)


def run_live(
    *arguments: str, parameters: Mapping[str, Mapping[str, object]] | None = None
) -> LiveRun:
    """Run `emotion-bot up` with arguments to its end, in a DDS domain of its own.

    What the robot remembers meanwhile goes into a folder of the run, not into the user's own.

    Args:
        arguments: of `emotion-bot up`.
        parameters: by node, on top of its file in config/.

    Raises:
        RuntimeError: if it fails, with its output, or sees no frame.
    """
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    use_default_environment()
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from sensor_msgs.msg import JointState

    from emotion_bot import capture_health, joints, qos, stamps, topics

    rclpy.init(args=[])
    node = rclpy.create_node("live_bench")
    samples: list[tuple[float, float]] = []
    health = HealthLog()

    def on_joint_states(message: JointState) -> None:
        position = joints.position(message)
        if position is not None:
            samples.append((stamps.seconds_from_stamp(message.header.stamp), position[0]))

    def on_diagnostics(message: DiagnosticArray) -> None:
        said_at = stamps.seconds_from_stamp(message.header.stamp)
        for status in message.status:
            health.add(status.name, said_at, {item.key: item.value for item in status.values})

    node.create_subscription(JointState, topics.JOINT_STATES, on_joint_states, qos.OBSERVER)
    node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, on_diagnostics, qos.OBSERVER)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            report = folder / "report.json"
            output = folder / "output.txt"
            with output.open("w") as file:
                process = subprocess.Popen(
                    [COMMAND, "up", *arguments, "--report", report],
                    env=environment(folder, parameters or {}),
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
                usage = NodeUsage(process.pid)
                due = 0.0
                try:
                    while process.poll() is None:
                        rclpy.spin_once(node, timeout_sec=0.1)
                        captured = health.count("camera", capture_health.CAPTURED) > 0
                        if captured and (now := time.monotonic()) >= due:
                            usage.sample(now)
                            due = now + _USAGE_SECONDS
                finally:
                    # Only after an interruption is there anything left to stop.
                    if process.poll() is None:
                        process.terminate()
                        process.wait()
            if process.returncode != 0:
                raise RuntimeError(output.read_text())
            content = json.loads(report.read_text())
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    if content["first_capture_s"] is None:
        raise RuntimeError(f"up {' '.join(map(str, arguments))} saw no frame")
    recorded = np.array(samples).reshape(-1, 2)
    return LiveRun(content, recorded[:, 0], recorded[:, 1], health, usage.report())


def environment(folder: Path, parameters: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return the environment of a run.

    Args:
        folder: of the run, for what it remembers and for its parameter files.
        parameters: by node, on top of its file in config/; empty for the files as they are.
    """
    variables = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    if parameters:
        _write_config(folder / "share" / "emotion_bot" / "config", parameters)
        prefixes = variables.get("AMENT_PREFIX_PATH", "")
        variables["AMENT_PREFIX_PATH"] = os.pathsep.join(filter(None, (str(folder), prefixes)))
    return variables


def _write_config(folder: Path, parameters: Mapping[str, Mapping[str, object]]) -> None:
    shutil.copytree(config_directory(), folder)
    for name, values in parameters.items():
        path = folder / f"{name}.yaml"
        contents = yaml.safe_load(path.read_text(encoding="utf-8"))
        contents[f"/**/{name}"]["ros__parameters"].update(values)
        path.write_text(yaml.safe_dump(contents), encoding="utf-8")
