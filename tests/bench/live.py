"""Running the installed robot and recording what its head does meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_bot.graph import default_environment
from emotion_bot.up.processes import config_directory

COMMAND = Path(sys.executable).with_name("emotion-bot")


@dataclass(frozen=True)
class LiveRun:
    """One run of `emotion-bot up`.

    Attributes:
        report: the run's report.
        times: of the measured positions, s on the same clock, shape (n,).
        pan: measured, rad, shape (n,).
    """

    report: dict
    times: npt.NDArray[np.float64]
    pan: npt.NDArray[np.float64]


def run_live(*arguments: str) -> LiveRun:
    """Run `emotion-bot up` with arguments to its end, in a DDS domain of its own.

    Raises:
        RuntimeError: if it fails, with its output, or sees no frame.
    """
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    for name, value in default_environment(str(config_directory())).items():
        os.environ.setdefault(name, value)
    import rclpy
    from sensor_msgs.msg import JointState

    from emotion_bot import joints, qos, stamps, topics

    rclpy.init(args=[])
    node = rclpy.create_node("live_bench")
    samples: list[tuple[float, float]] = []

    def on_joint_states(message: JointState) -> None:
        position = joints.position(message)
        if position is not None:
            samples.append((stamps.seconds_from_stamp(message.header.stamp), position[0]))

    node.create_subscription(JointState, topics.JOINT_STATES, on_joint_states, qos.OBSERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.json")
            output = Path(folder, "output.txt")
            with output.open("w") as file:
                process = subprocess.Popen(
                    [COMMAND, "up", *arguments, "--report", report],
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
                while process.poll() is None:
                    rclpy.spin_once(node, timeout_sec=0.1)
            if process.returncode != 0:
                raise RuntimeError(output.read_text())
            content = json.loads(report.read_text())
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    if content["first_capture_s"] is None:
        raise RuntimeError(f"up {' '.join(map(str, arguments))} saw no frame")
    recorded = np.array(samples).reshape(-1, 2)
    return LiveRun(content, recorded[:, 0], recorded[:, 1])
