"""`emotion-bot up`: start the robot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from emotion_bot import hri
from emotion_bot.commands.failure import failure
from emotion_bot.graph import AUTOMATIC_MICROPHONE, BringUpOptions, Host
from emotion_bot.up.microphone_choice import check_microphone
from emotion_bot.up.session import run_session
from emotion_bot.up.supervisor import ProcessFailedError
from emotion_core.audio.chunks import AudioSpecificationError
from emotion_core.audio.recognizer import DEFAULT_RECOGNIZER
from emotion_core.head.factory import default_head


def up(
    source: Annotated[
        str,
        typer.Option(help="scene[:MODE], webcam[:N], video:PATH, stream:URL or external."),
    ] = "scene",
    head: Annotated[
        str | None,
        typer.Option(
            help="sim, virtual, serial[:PORT] or none; without it sim where it can be built."
        ),
    ] = None,
    mic: Annotated[
        str,
        typer.Option(
            help="auto, device[:N|:NAME], wav:PATH or none; auto takes a video's own sound."
        ),
    ] = AUTOMATIC_MICROPHONE,
    asr: Annotated[
        str,
        typer.Option(
            help="Speech recogniser: pocketsphinx, none, or a model of transformers: id or folder."
        ),
    ] = DEFAULT_RECOGNIZER,
    duration: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds to run, from the first frame.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the figures of the run as JSON.")
    ] = None,
    behaviour: Annotated[
        bool, typer.Option(help="Breathe, greet and mirror, beyond following faces.")
    ] = True,
    speak: Annotated[bool, typer.Option(help="Say short sentences; needs espeak-ng.")] = False,
    memory: Annotated[bool, typer.Option(help="Keep a row of mood per person and minute.")] = True,
    dashboard: Annotated[bool, typer.Option(help="Offer the live page.")] = True,
    humans: Annotated[
        bool, typer.Option("--humans", help="Republish people after REP-155; needs hri_msgs.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(file_okay=False, help="Record a bag into this new folder.")
    ] = None,
    consent: Annotated[
        bool, typer.Option("--consent", help="Everybody in view has agreed to be recorded.")
    ] = False,
    namespace: Annotated[str, typer.Option(help="Prefix of all topics.")] = "",
    host: Annotated[
        Host, typer.Option(help="Which part of the graph to run here; give the rest alike.")
    ] = Host.ALL,
) -> None:
    """Start the robot; Ctrl-C stops it."""
    try:
        check_microphone(mic)
    except AudioSpecificationError as error:
        raise typer.BadParameter(str(error), param_hint="--mic") from error
    if record is not None and record.exists():
        raise typer.BadParameter(f"{record} is there already", param_hint="--record")
    if humans and (missing := hri.missing_messages()):
        raise failure(RuntimeError(missing))
    console = Console()
    try:
        figures = run_session(
            BringUpOptions(
                source=source,
                head=head or default_head(),
                mic=mic,
                asr=asr,
                behaviour=behaviour,
                speak=speak,
                memory=memory,
                dashboard=dashboard,
                humans=humans,
                record=str(record or ""),
                consent=consent,
                namespace=namespace,
                host=host,
            ),
            duration,
            console,
        )
    except ProcessFailedError as error:
        raise failure(error) from error
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        console.print(f"report: {report}", highlight=False)
