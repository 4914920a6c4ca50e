"""`emotion-bot analyze`: read the expressions of a recorded video."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from emotion_bot.commands.failure import failure
from emotion_bot.listener import Listener
from emotion_core.audio.recognizer import NO_RECOGNIZER
from emotion_core.inference.session import ModelError
from emotion_core.replay.analysis import analyze as analyze_video
from emotion_core.replay.annotated_video import VideoWriteError
from emotion_core.replay.video_reader import open_reader
from emotion_core.resources import cache_directory
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.frames import SourceError
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.sources import VideoFile
from emotion_core.vision.tracking import FaceTracker


def analyze(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Folder for the results.")],
    weights: Annotated[
        Path | None, typer.Option(help="Face model instead of the shipped one.")
    ] = None,
    asr: Annotated[
        str,
        typer.Option(help="Recognise words: pocketsphinx (slow), none, or a transformers model."),
    ] = NO_RECOGNIZER,
) -> None:
    """Write timeline.csv, summary.json, annotated.mp4 and timeline.png for a video."""
    console = Console(stderr=True)
    try:
        source = VideoFile(video)
        with (
            Listener(video, asr) as soundtrack,
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeRemainingColumn(),
                console=console,
            ) as progress,
        ):
            # While the listener loads its models, too.
            detector = MtcnnDetector(cache_directory() / "mtcnn")
            reader = open_reader(FaceTracker(detector, detector), weights, soundtrack)
            task = progress.add_task(video.name, total=None)

            def advance(seconds: float) -> None:
                progress.update(
                    task, total=source.frame_count / source.fps or None, completed=seconds
                )

            summary = analyze_video(source, reader, out, time.perf_counter, advance)
    except (SourceError, DetectorError, ModelError, VideoWriteError, OSError) as error:
        raise failure(error) from error
    console.print(
        f"{summary.frames} frames, {summary.frames_with_face} with a face, "
        f"{summary.realtime_factor} times real time: {out}",
        highlight=False,
    )
    for fault in soundtrack.faults:
        console.print(f"not heard: {fault}", highlight=False)
