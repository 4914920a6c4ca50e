"""The scoreboard: every measurement of the project in one run.

Each figure is a ratio against a named baseline of the same run, or is measured on live processes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from . import (
    clip_bench,
    closed_loop_bench,
    expression_bench,
    gaze_bench,
    head_bench,
    live_page_bench,
    mood_bench,
    tracking_bench,
)

CLIP = Path("clips", "sad_to_happy_speech.mp4")


def main(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the recordings; default EMOTION_BOT_DATA.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the figures go as JSON.")] = Path(
        "artifacts", "bench.json"
    ),
    only: Annotated[list[str] | None, typer.Option(help="Run these alone.")] = None,
) -> None:
    """Measure and print everything; what needs recordings is left out without them."""
    console = Console()
    folder = data or (Path(value) if (value := os.environ.get("EMOTION_BOT_DATA")) else None)
    clip = folder / CLIP if folder else None
    benches: dict[str, Callable[[], Mapping[str, Any]] | None] = {
        "faces": (lambda: tracking_bench.run(clip)) if clip else None,
        "expression network": expression_bench.run,
        "robot on a video": (lambda: clip_bench.run(clip)) if clip else None,
        "closed loop, virtual head": closed_loop_bench.run,
        "closed loop, simulated firmware": lambda: closed_loop_bench.run("sim"),
        "gaze in simulated time": gaze_bench.run,
        "head": head_bench.run,
        "mood memory": mood_bench.run,
        "live page": live_page_bench.run,
    }
    results = {}
    for name, bench in benches.items():
        if only and name not in only:
            continue
        if bench is None:
            console.print(f"{name}: left out, it needs recordings (make bench DATA=FOLDER)")
            continue
        results[name] = bench()
        console.print(_table(name, results[name]))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print(f"all figures: {out}")


def _table(name: str, figures: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", title=name)
    for key, value in _flat(figures, ""):
        table.add_row(key, f"{value:.4g}" if isinstance(value, float) else str(value))
    return table


def _flat(figures: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in figures.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


if __name__ == "__main__":
    typer.run(main)
