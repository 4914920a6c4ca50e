"""The scoreboard: every measurement of the project in one run.

Each figure is a ratio against a named baseline of the same run, or is measured on live processes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

from . import (
    bench_names,
    clip_bench,
    closed_loop_bench,
    expression_bench,
    gaze_bench,
    growth_bench,
    head_bench,
    live_page_bench,
    machine,
    mood_bench,
    naive_bench,
    overload_bench,
    performance_page,
    replay_bench,
    stages_bench,
    tracking_bench,
    training_bench,
    two_machines_bench,
)
from .figures import flat, text

CLIP = Path("clips", "sad_to_happy_speech.mp4")


def main(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the recordings; default EMOTION_BOT_DATA.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the figures go as JSON.")] = Path(
        "artifacts", "bench.json"
    ),
    only: Annotated[
        list[str] | None, typer.Option(help="Run these alone; the other figures stay.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write the figures as a page of Markdown here.")
    ] = None,
) -> None:
    """Measure and print everything; what needs recordings is left out without them."""
    console = Console()
    folder = data or (Path(value) if (value := os.environ.get("EMOTION_BOT_DATA")) else None)
    clip = folder / CLIP if folder else None
    benches: dict[str, Callable[[], Mapping[str, Any]] | None] = {
        bench_names.STAGES: (lambda: stages_bench.run(clip)) if clip else None,
        bench_names.NAIVE: (lambda: naive_bench.run(clip)) if clip else None,
        bench_names.GROWTH: growth_bench.run,
        bench_names.OVERLOAD: overload_bench.run,
        bench_names.FACES: (lambda: tracking_bench.run(clip)) if clip else None,
        bench_names.EXPRESSION: expression_bench.run,
        bench_names.TRAINING: training_bench.run,
        bench_names.VIDEO: (lambda: clip_bench.run(clip)) if clip else None,
        bench_names.VIRTUAL_LOOP: closed_loop_bench.run,
        bench_names.SIMULATED_LOOP: lambda: closed_loop_bench.run("sim"),
        bench_names.GAZE: gaze_bench.run,
        bench_names.HEAD: head_bench.run,
        bench_names.MOOD: mood_bench.run,
        bench_names.LIVE_PAGE: live_page_bench.run,
        bench_names.REPLAY: (lambda: replay_bench.run(clip)) if clip else None,
        bench_names.TWO_MACHINES: two_machines_bench.run,
    }
    if unknown := set(only or ()) - set(benches):
        raise typer.BadParameter(
            f"no bench {', '.join(sorted(unknown))}; there are: {', '.join(benches)}",
            param_hint="--only",
        )
    kept = json.loads(out.read_text(encoding="utf-8")) if only and out.is_file() else {}
    results: dict[str, Mapping[str, Any]] = {**kept, bench_names.MACHINE: machine.describe()}
    _save(results, out)
    for name, bench in benches.items():
        if only and name not in only:
            continue
        if bench is None:
            console.print(f"{name}: left out, it needs recordings (make bench DATA=FOLDER)")
            continue
        # What one sets in the environment, for nodes to find each other, is not meant for the next.
        with patch.dict(os.environ):
            results[name] = bench()
        console.print(_table(name, results[name]))
        # At once, so that a bench that fails leaves the figures of those before it.
        _save(results, out)
    console.print(f"all figures: {out}")
    if page is not None:
        performance_page.write_page(out, page)
        console.print(f"as a page: {page}")


def _save(results: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _table(name: str, figures: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", title=name)
    for key, value in flat(figures):
        table.add_row(key, text(value))
    return table


if __name__ == "__main__":
    typer.run(main)
