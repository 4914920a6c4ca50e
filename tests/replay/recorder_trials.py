"""Recording a live camera in processes of its own, undisturbed or killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage

from emotion_bot.graph import default_environment
from emotion_bot.stamps import nanoseconds_from_stamp
from emotion_bot.up.processes import config_directory
from emotion_core.replay.bag_metadata import BagError
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.mcap_scan import is_complete

FRAMES = "/image_raw/compressed"
INFOS = "/camera_info"
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class KilledRecording:
    """What a killed recorder left.

    Attributes:
        frames: in the bag.
        missing_seconds: from the last message in the bag to the kill.
        repaired: whether the last write had been cut off in its middle.
        gaps: frames missing between the first and the last.
    """

    frames: int
    missing_seconds: float
    repaired: bool
    gaps: int


def environment() -> dict[str, str]:
    """Return the environment of the processes: a DDS domain of their own."""
    values = {**default_environment(str(config_directory())), **os.environ}
    values.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
    return values


def node(module: str, values: Mapping[str, object], **options: object) -> subprocess.Popen:
    """Start a node with parameters."""
    arguments = [sys.executable, "-m", f"emotion_bot.nodes.{module}", "--ros-args"]
    for name, value in values.items():
        text = f"'{value}'" if isinstance(value, str) else str(value).lower()
        arguments += ["-p", f"{name}:={text}"]
    return subprocess.Popen(arguments, env=environment(), stdin=subprocess.DEVNULL, **options)


@contextmanager
def camera(source: str = "scene:still") -> Iterator[subprocess.Popen]:
    """Run the camera node on the built-in scene at 30 frames/s."""
    process = node("camera", {"source": source, "wait_for_subscriber": False})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT_SECONDS)


def recorder(bag: Path, **values: object) -> subprocess.Popen:
    """Start a recorder and return it once frames have come to its bag."""
    chosen = {"directory": str(bag), "consent": True, "topics": "image_raw,camera_info", **values}
    process = node("recorder", chosen)
    tick = threading.Event()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        while frames_in(bag) < 5:
            assert process.poll() is None, "the recorder ended"
            assert time.monotonic() < deadline, "no frames came to the bag"
            tick.wait(0.05)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    return process


def frames_in(bag: Path) -> int:
    """Return the number of frames in a bag, 0 while there is none."""
    try:
        with BagReader(bag) as reader:
            return reader.counts.get(FRAMES, 0)
    except BagError:
        return 0


def killed_recording(bag: Path, moment: float) -> KilledRecording:
    """Record the running camera and kill the recorder; return what it left.

    Args:
        bag: folder of the bag.
        moment: from the first frames in the bag to the kill, s.
    """
    process = recorder(bag)
    threading.Event().wait(moment)
    killed = time.time_ns()
    process.kill()
    process.wait()
    return inspected(bag, killed)


def inspected(bag: Path, killed: int) -> KilledRecording:
    """Return what a recorder left that was killed at a time, ns."""
    complete = all(is_complete(file) for file in bag.glob("*.mcap"))
    with BagReader(bag) as reader:
        frames = stamps(reader, FRAMES, CompressedImage)
        infos = stamps(reader, INFOS, CameraInfo)
        last = reader.end
    span = [stamp for stamp in infos if frames[0] <= stamp <= frames[-1]]
    return KilledRecording(
        len(frames), (killed - last) * 1e-9, not complete, len(set(span) - set(frames))
    )


def kill_trials(folder: Path, count: int, seed: int) -> list[KilledRecording]:
    """Kill a recorder at random moments.

    Args:
        folder: for the bags.
        count: of the moments.
        seed: of the moments.
    """
    moments = random.Random(seed)
    with camera():
        return [
            killed_recording(folder / f"killed_{index}", moments.uniform(0.2, 2.5))
            for index in range(count)
        ]


def stamps(reader: BagReader, topic: str, message_type: type) -> list[int]:
    """Return the header stamps of a topic's messages, ns."""
    return [
        nanoseconds_from_stamp(deserialize_message(message.data, message_type).header.stamp)
        for message in reader.messages([topic])
    ]
