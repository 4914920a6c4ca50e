"""`emotion-bot record`: write what the robot sees and does to a bag."""

from __future__ import annotations

import math
import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from emotion_bot import runner
from emotion_bot.graph import NodeSpec
from emotion_bot.nodes.recorder import CONSENT, RecorderNode
from emotion_bot.parameters import ParameterError
from emotion_bot.replay.offline_robot import RobotSettings
from emotion_bot.replay.source_bag import write_source_bag
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION
from emotion_bot.up.processes import config_directory, node_process, use_default_environment
from emotion_core.inference.expression import ModelError
from emotion_core.replay.bag_metadata import BagError
from emotion_core.replay.bag_writer import BagOptions
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.frames import SourceError

_CONSENT_HELP = (
    "Everybody who may be seen or heard has agreed to be recorded; noted in the bag. "
    "Without it, nothing that shows people is recorded."
)
_QUALITY = 90
_VIDEO = "video:"


class Images(str, Enum):
    """How images are written."""

    JPEG = "jpeg"
    RAW = "raw"


class AtLimit(str, Enum):
    """What happens at the size limit."""

    STOP = "stop"
    DROP_OLDEST = "drop_oldest"


def record(
    directory: Annotated[Path, typer.Argument(help="Folder of the new bag.", file_okay=False)],
    topics: Annotated[
        str | None, typer.Option(help="Topics, separated by commas; all for everything.")
    ] = None,
    consent: Annotated[bool, typer.Option("--consent", help=_CONSENT_HELP)] = False,
    images: Annotated[Images | None, typer.Option(help="How images are written.")] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of JPEG images.")] = None,
    file_size: Annotated[
        int | None, typer.Option(min=1, help="MiB after which the next file is begun.")
    ] = None,
    size_limit: Annotated[
        int | None, typer.Option(min=0, help="MiB of the whole bag; 0 for none.")
    ] = None,
    at_limit: Annotated[AtLimit | None, typer.Option(help="What happens then.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an existing bag.")] = False,
    duration: Annotated[float, typer.Option(min=0, help="Seconds; 0: until Ctrl-C.")] = 0.0,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="Instead of a running robot: scene[:MODE] or video:PATH, as fast as it goes.",
        ),
    ] = "",
    namespace: Annotated[str, typer.Option(help="Prefix of the robot's topics.")] = "",
) -> None:
    """Record the robot's topics as a rosbag2 bag (MCAP); Ctrl-C ends it."""
    if source:
        _record_source(directory, source, duration or math.inf, quality or _QUALITY, consent)
        return
    chosen = {
        "directory": str(directory),
        "topics": topics,
        "consent": consent,
        "images": images and images.value,
        "jpeg_quality": quality,
        "file_size_mb": file_size,
        "size_limit_mb": size_limit,
        "at_limit": at_limit and at_limit.value,
        "resume": resume,
        "duration": duration,
    }
    config = config_directory()
    parameters = {name: value for name, value in chosen.items() if value is not None}
    spec = NodeSpec("recorder", "recorder_node", RecorderNode.__module__, parameters)
    use_default_environment()
    process = node_process(spec, namespace, config, os.environ)
    status = runner.run(RecorderNode, list(process.command[process.command.index("--ros-args") :]))
    if status:
        raise typer.Exit(status)


def _record_source(
    directory: Path, source: str, duration: float, quality: int, consent: bool
) -> None:
    console = Console(stderr=True)
    if source.startswith(_VIDEO) and not consent:
        console.print(
            "[red]error:[/] a bag of a video needs the consent of everybody in it: --consent",
            highlight=False,
        )
        raise typer.Exit(EXIT_BAD_CONFIGURATION)
    config = config_directory()
    properties = {CONSENT: "given"} if consent else {}
    try:
        frames = write_source_bag(
            directory,
            source,
            lambda on_head: RobotSettings.from_files(config, camera_on_head=on_head),
            duration=duration,
            options=BagOptions(properties=properties),
            quality=quality,
        )
    except (SourceError, BagError, DetectorError, ModelError, ParameterError, OSError) as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(1) from error
    console.print(f"{frames} frames: {directory}", highlight=False)
