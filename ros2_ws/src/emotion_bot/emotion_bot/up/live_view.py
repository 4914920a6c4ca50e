"""The terminal picture of a running robot."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from emotion_bot.up.observer import Snapshot
from emotion_core.affect import LABELS

_BAR_WIDTH = 32
_SHOWN_LINES = 5


def render(
    snapshot: Snapshot, elapsed: float, restarts: dict[str, int], log: Iterable[str]
) -> RenderableType:
    """Return one picture of the robot.

    Args:
        snapshot: newest state of the topics.
        elapsed: seconds since the start.
        restarts: restarts by node.
        log: newest lines of the nodes' output, oldest first.
    """
    bars = Table.grid(padding=(0, 1))
    for label, probability in zip(LABELS, snapshot.probabilities, strict=True):
        style = "bold" if label == snapshot.label else "dim"
        bars.add_row(
            Text(label, style=style),
            ProgressBar(total=1.0, completed=probability, width=_BAR_WIDTH),
            Text(f"{probability:4.0%}", style=style),
        )
    figures = Table.grid(padding=(0, 2))
    for name, value in (
        ("frames", f"{_number(snapshot.frame_rate, 1)} /s"),
        ("faces", f"{snapshot.faces}"),
        ("follows", snapshot.followed or "-"),
        ("valence", _number(snapshot.valence, 2, sign=True)),
        ("arousal", f"{_number(snapshot.arousal, 2, sign=True)}  {snapshot.affect}"),
        ("pan", f"{_degrees(snapshot.pan)}"),
        ("tilt", f"{_degrees(snapshot.tilt)}"),
        ("latency", f"{_number(snapshot.latency, 0)} ms capture to expression"),
    ):
        figures.add_row(Text(name, style="dim"), value)
    columns = Table.grid(padding=(0, 4))
    columns.add_row(bars, figures)
    notes = [Text(f"restarted {name} x{count}", style="yellow") for name, count in restarts.items()]
    notes += [Text(trouble, style="yellow") for trouble in snapshot.troubles]
    lines = [Text(line, style="dim") for line in list(log)[-_SHOWN_LINES:]]
    return Panel(
        Group(columns, *notes, *lines),
        title=f"emotion_bot  {elapsed:.0f} s",
        subtitle="Ctrl-C stops",
    )


def line(snapshot: Snapshot, elapsed: float) -> str:
    """Return the same in one line, for logs and pipes."""
    return (
        f"{elapsed:6.1f} s  {_number(snapshot.frame_rate, 1)} frames/s  {snapshot.faces} faces  "
        f"{snapshot.label or '-'}  valence {_number(snapshot.valence, 2, sign=True)}  "
        f"arousal {_number(snapshot.arousal, 2, sign=True)}  pan {_degrees(snapshot.pan)}  "
        f"latency {_number(snapshot.latency, 0)} ms"
    )


def _number(value: float, digits: int, *, sign: bool = False) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:{'+' if sign else ''}.{digits}f}"


def _degrees(angle: float) -> str:
    return "-" if math.isnan(angle) else f"{math.degrees(angle):+.1f}°"
