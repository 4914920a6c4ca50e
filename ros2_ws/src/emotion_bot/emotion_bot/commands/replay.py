"""`emotion-bot replay`: play a bag to the robot, and check what it did."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from emotion_bot.parameters import ParameterError
from emotion_bot.replay import outcome
from emotion_bot.replay.outcome import ReplayOutcome
from emotion_bot.replay.player import PlayerError
from emotion_bot.up.supervisor import ProcessFailedError
from emotion_core.inference.expression import ModelError
from emotion_core.replay.bag_metadata import BagError
from emotion_core.replay.check_file import CheckMode, ChecksError, load_checks
from emotion_core.replay.check_plot import plot_checks
from emotion_core.replay.check_results import (
    CheckResult,
    bounds_text,
    evaluate,
    value_text,
    write_junit,
)
from emotion_core.replay.checks import Check
from emotion_core.replay.run_record import agreement
from emotion_core.vision.detection import DetectorError

EXIT_CHECK_FAILED = 1
EXIT_UNUSABLE = 2


def replay(
    bag: Annotated[Path, typer.Argument(help="Folder or MCAP file of the bag.")],
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="The nodes' logic in this process: fast, and the same every time."
        ),
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Play nothing: check what was recorded.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.01, help="Times real time, over DDS.")] = 1.0,
    nodes: Annotated[
        bool, typer.Option(help="Start the nodes; otherwise they run with use_sim_time.")
    ] = True,
    check: Annotated[
        Path | None, typer.Option(dir_okay=False, help="YAML file with checks.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the result as JSON.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the checks as JUnit XML.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw the run and its checks as PNG.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Over DDS: compare the labels with an exact replay.")
    ] = False,
    namespace: Annotated[str, typer.Option(help="Prefix of all topics, over DDS.")] = "",
) -> None:
    """Play a bag into the nodes, or run their logic on it, and check the answers."""
    console = Console(stderr=True)
    if exact and recorded:
        raise typer.BadParameter("give --exact or --recorded, not both")
    try:
        file = load_checks(check) if check else None
        mode = file.mode if file and not (exact or recorded) else None
        result = _run(
            bag,
            exact or mode is CheckMode.EXACT,
            recorded or mode is CheckMode.RECORDED,
            console,
            {"rate": rate, "start_nodes": nodes, "namespace": namespace},
        )
        checks: Sequence[Check] = file.checks if file else ()
        results = evaluate(checks, result.run)
        contents = result.report(results)
        if compare and result.mode == "dds":
            reference = outcome.exact(bag)
            contents["agreement"] = round(agreement(result.run, reference.run), 4)
        _write(result, checks, results, contents, report, junit, plot)
    except (
        BagError,
        ChecksError,
        DetectorError,
        ModelError,
        ParameterError,
        PlayerError,
        ProcessFailedError,
        OSError,
    ) as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(EXIT_UNUSABLE) from error
    _print(contents, results)
    if not contents["passed"]:
        raise typer.Exit(EXIT_CHECK_FAILED)


def _run(
    bag: Path, exact: bool, recorded: bool, console: Console, options: dict[str, Any]
) -> ReplayOutcome:
    if recorded:
        return outcome.recorded(bag)
    if exact:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as progress:
            task = progress.add_task(bag.name, total=1.0)
            return outcome.exact(bag, progress=lambda share: progress.update(task, completed=share))
    with _until_signal() as stop:
        return outcome.over_dds(
            bag,
            going_on=lambda: not stop.is_set(),
            on_output=lambda name, line: print(f"[{name}] {line}", file=sys.stderr),  # noqa: T201
            **options,
        )


@contextmanager
def _until_signal() -> Iterator[threading.Event]:
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


def _write(
    result: ReplayOutcome,
    checks: Sequence[Check],
    results: Sequence[CheckResult],
    contents: dict[str, Any],
    report: Path | None,
    junit: Path | None,
    plot: Path | None,
) -> None:
    for path in filter(None, (report, junit, plot)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if report is not None:
        report.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
    if junit is not None:
        write_junit(results, junit, f"replay.{result.bag.name}", result.elapsed)
    if plot is not None:
        plot_checks(result.run, checks, results, plot, f"{result.bag.name}, {result.mode}")


def _print(contents: dict[str, Any], results: Sequence[CheckResult]) -> None:
    console = Console()
    if results:
        table = Table("", "check", "figure", "permitted", "")
        for result in results:
            table.add_row(
                "[green]passed[/]" if result.passed else "[red]failed[/]",
                result.name,
                value_text(result),
                f"{bounds_text(result)} {result.unit}".rstrip(),
                result.message,
            )
        console.print(table)
    lost = sum(contents["messages_lost"].values())
    parts = [
        f"{contents['frames']} frames in {contents['duration_s']} s, {contents['mode']}",
        f"{contents['realtime_factor']} times real time",
    ]
    if contents["hash"]:
        parts.append(f"hash {contents['hash']}")
    if contents["mode"] == "dds":
        parts.append(f"{lost} messages lost")
    if "agreement" in contents:
        parts.append(f"labels agree with the exact replay in {contents['agreement']:.1%}")
    for reason, count in contents["rejected"].items():
        parts.append(f"{count} times rejected: {reason}")
    console.print(", ".join(parts), highlight=False, soft_wrap=True)
