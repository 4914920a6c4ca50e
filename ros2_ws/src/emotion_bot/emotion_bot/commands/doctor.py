"""`emotion-bot doctor`: what is installed, connected and missing."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from emotion_bot import hri
from emotion_bot.graph import RECEIVE_BUFFER_BYTES, TRANSPORT_PROFILE
from emotion_bot.transport import PROFILE_VARIABLES
from emotion_bot.up.processes import config_directory
from emotion_core.audio.chunks import AudioSourceError
from emotion_core.audio.microphone import list_microphones
from emotion_core.audio.voice_activity import VoiceActivityDetector
from emotion_core.head.firmware_build import missing_for_build
from emotion_core.head.flash import list_boards
from emotion_core.inference.expression import ExpressionModel, ModelError
from emotion_core.resources import cache_directory, models_directory
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.mtcnn import MtcnnDetector

_LARGEST_RECEIVE_BUFFER = Path("/proc/sys/net/core/rmem_max")


class Status(Enum):
    """Outcome of a check: a warning leaves the main job possible, an error does not."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        status: ok, warning or error.
        detail: what was found.
        advice: what to do about it; empty when all is well.
    """

    name: str
    status: str
    detail: str
    advice: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check the installation and the devices; exit 1 when the robot cannot start."""
    checks = [check() for check in CHECKS]
    healthy = all(check.status != Status.ERROR.value for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "checks": [asdict(c) for c in checks]}, indent=2))
    else:
        table = Table("", "check", "found", "advice")
        marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[red]error[/]"}
        for check in checks:
            table.add_row(marks[check.status], check.name, check.detail, check.advice)
        Console().print(table)
    if not healthy:
        raise typer.Exit(1)


def _interpreter() -> Check:
    return Check("python", Status.OK.value, f"{platform.python_version()} on {platform.platform()}")


def _ros() -> Check:
    try:
        for module in ("rclpy", "emotion_bot_msgs.msg", "sensor_msgs.msg"):
            importlib.import_module(module)
    except ImportError as error:
        return Check("ros", Status.ERROR.value, str(error), "run make setup, or source ROS 2")
    return Check("ros", Status.OK.value, "rclpy and the interfaces import")


def _transport() -> Check:
    builtin = os.environ.get("FASTDDS_BUILTIN_TRANSPORTS")
    if builtin is not None:
        return Check(
            "transport",
            Status.WARNING.value,
            f"FASTDDS_BUILTIN_TRANSPORTS={builtin} overrides the robot's transports",
            "unset it, or camera frames may be lost",
        )
    for name in PROFILE_VARIABLES:
        if name in os.environ:
            detail = f"yours: {name}={os.environ[name]}"
            return Check("transport", Status.OK.value, detail)
    return Check("transport", Status.OK.value, str(config_directory() / TRANSPORT_PROFILE))


def _receive_buffers() -> Check:
    try:
        largest = int(_LARGEST_RECEIVE_BUFFER.read_text())
    except (OSError, ValueError):
        return Check("receive buffers", Status.OK.value, "not limited by Linux here")
    found = f"net.core.rmem_max is {largest} bytes"
    if largest < RECEIVE_BUFFER_BYTES:
        return Check(
            "receive buffers",
            Status.WARNING.value,
            f"{found}: nodes that start find each other some seconds later",
            f"sudo sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES}",
        )
    return Check("receive buffers", Status.OK.value, found)


def _face_model() -> Check:
    try:
        path = models_directory() / "face.onnx"
        version = ExpressionModel(path).metadata.get("version", "unknown")
    except (ModelError, FileNotFoundError) as error:
        return Check(
            "face model", Status.ERROR.value, str(error), "restore models/ from the source"
        )
    return Check("face model", Status.OK.value, f"{path.name}, version {version}")


def _face_detector() -> Check:
    try:
        MtcnnDetector(cache_directory() / "mtcnn")
    except DetectorError as error:
        return Check("face detector", Status.ERROR.value, str(error), "run make setup")
    return Check("face detector", Status.OK.value, "MTCNN")


def _cameras() -> Check:
    devices = sorted(str(device) for device in Path("/dev").glob("video*"))
    if not devices:
        return Check(
            "camera", Status.WARNING.value, "no /dev/video*", "use --source scene or video:PATH"
        )
    closed = [device for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        return Check(
            "camera",
            Status.WARNING.value,
            f"no permission for {', '.join(closed)}",
            "add the user to the group video",
        )
    return Check("camera", Status.OK.value, ", ".join(devices))


def _microphones() -> Check:
    try:
        devices = list_microphones()
    except AudioSourceError as error:
        return Check("microphone", Status.WARNING.value, str(error), "or use --mic none")
    if not devices:
        return Check(
            "microphone",
            Status.WARNING.value,
            "no device to listen to",
            "use --mic wav:PATH, or none; a video brings its own sound",
        )
    found = ", ".join(f"{device.index}: {device.name}" for device in devices)
    return Check("microphone", Status.OK.value, found)


def _hearing() -> Check:
    try:
        VoiceActivityDetector()
    except ModelError as error:
        return Check("hearing", Status.WARNING.value, str(error), "run make setup, or --mic none")
    if importlib.util.find_spec("pocketsphinx") is None:
        return Check(
            "hearing",
            Status.WARNING.value,
            "voice activity, but the package pocketsphinx is missing",
            "run make setup, or use --asr none",
        )
    return Check("hearing", Status.OK.value, "voice activity and offline speech recognition")


def _head_ports() -> Check:
    boards = list_boards()
    likely = [board for board in boards if board.likely]
    if likely:
        found = ", ".join(f"{board.path} ({board.description})" for board in likely)
        return Check("head", Status.OK.value, found)
    others = ", ".join(board.path for board in boards)
    return Check(
        "head",
        Status.WARNING.value,
        f"no board among the ports {others}" if others else "no serial port",
        "use --head sim or --head virtual",
    )


def _simulator() -> Check:
    missing = missing_for_build(simulator=True)
    if missing:
        return Check(
            "simulated head",
            Status.WARNING.value,
            f"missing: {', '.join(missing)}",
            "install them for --head sim; --head virtual needs nothing",
        )
    return Check("simulated head", Status.OK.value, "compiler and simulator found")


def _system_launch() -> Check:
    if importlib.util.find_spec("launch_ros") is None:
        return Check(
            "ros2 launch",
            Status.OK.value,
            "no system ROS 2 here; emotion-bot up starts the same graph",
        )
    return Check("ros2 launch", Status.OK.value, "launch_ros imports")


def _humans() -> Check:
    missing = hri.missing_messages()
    # Nothing is wrong without it: few want it, and they are told what to install.
    return Check("REP-155", Status.OK.value, missing or "hri_msgs is there for up --humans")


CHECKS: tuple[Callable[[], Check], ...] = (
    _interpreter,
    _ros,
    _transport,
    _receive_buffers,
    _face_model,
    _face_detector,
    _cameras,
    _microphones,
    _hearing,
    _head_ports,
    _simulator,
    _system_launch,
    _humans,
)
