"""The page of all figures, written from the JSON of a bench run and from nothing else."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from . import bench_names as names
from . import page_texts as texts
from .figures import flat, text
from .targets import TARGETS

Figures = Mapping[str, Any]

STAGES = {
    "capture_to_faces": "capture → faces",
    "capture_to_expression": "capture → expression",
    "capture_to_head_command": "capture → head command",
    "capture_to_head_ack": "capture → ack of the head",
}
PERCENTILES = ("p50", "p95", "p99")
PERCENTILE_HEADING = tuple(f"{name}, ms" for name in PERCENTILES)
LOSSES = (
    "asked_fps",
    "captured_fps",
    "answered_fps",
    "frames_captured",
    "frames_dropped",
    "dropped_by_camera",
    "passed_over",
)
_LINE_WIDTH = 100


class PageError(ValueError):
    """The JSON is not that of a bench run; the message names file or bench and what is wrong."""


def render(results: Figures) -> str:
    """Return the page as Markdown.

    Args:
        results: of a bench run, by bench; a bench that is not there was not run.

    Raises:
        PageError: if a bench lacks a figure that the page shows.
    """
    sections: dict[str, Callable[[Figures], list[str]]] = {
        names.STAGES: _stages,
        names.NAIVE: _naive,
        names.GROWTH: _growth,
        names.OVERLOAD: _overload,
        **{name: _other(name) for name in texts.OTHERS},
    }
    lines = ["# Performance", "", *paragraph(texts.INTRODUCTION)]
    if names.MACHINE in results:
        lines += _guarded(names.MACHINE, _machine, results[names.MACHINE])
    lines += _guarded("targets", _targets, results)
    for name, section in sections.items():
        if name in results:
            lines += _guarded(name, section, results[name])
    if missing := [name for name in sections if name not in results]:
        lines += paragraph(f"Not measured in this run: {'; '.join(missing)}.")
    return "\n".join(lines).rstrip() + "\n"


def write_page(figures: Path, page: Path) -> None:
    """Write the page of a bench run's JSON.

    Raises:
        PageError: if the file is no JSON of a bench run; the page is then left as it was.
    """
    try:
        results = json.loads(figures.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PageError(f"{figures} holds no figures: {error}") from error
    if not isinstance(results, dict):
        raise PageError(f"{figures} holds no figures, but a {type(results).__name__}")
    contents = render(results)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(contents, encoding="utf-8")


def _guarded(name: str, section: Callable[[Figures], list[str]], figures: Figures) -> list[str]:
    try:
        return section(figures)
    except KeyError as error:
        raise PageError(f"{name}: the figure {error} is missing") from error
    except (TypeError, AttributeError) as error:
        raise PageError(f"{name}: the figures have another form: {error}") from error


def _machine(machine: Figures) -> list[str]:
    rows = ((key.replace("_", " "), value) for key, value in flat(machine))
    return ["## Machine", "", *table(("what", "value"), rows)]


def _targets(results: Figures) -> list[str]:
    rows = []
    for target in TARGETS:
        if target.path[0] not in results:
            continue
        value: Any = results
        for key in target.path:
            value = value[key]
        met = "–" if value is None else "yes" if target.is_met(value) else "**no**"
        shown = text(value) if value is None else f"{text(value)}{target.unit}"
        rows.append((target.text, shown, target.demand, met))
    heading = ("figure", "measured", "target", "met")
    return ["## Targets", "", *table(heading, rows)] if rows else []


def _stages(stages: Figures) -> list[str]:
    lines = ["## Stage by stage", "", *paragraph(texts.STAGES)]
    for key, title, explanation in (
        ("face_only", "Face only", texts.FACE_ONLY),
        ("whole_stack", "Whole stack", texts.WHOLE_STACK),
    ):
        run = stages[key]
        usage = ((n, used["cpu_percent"], used["rss_mb"]) for n, used in run["nodes"].items())
        lines += [
            f"### {title}",
            "",
            *paragraph(f"{explanation} {texts.FRAMES}", run),
            *table(("stage", *PERCENTILE_HEADING), _latencies(run["latency_ms"])),
            *paragraph(texts.NODES, run),
            *table(("node", "processor, %", "memory, MB"), usage),
        ]
    return lines


def _naive(naive: Figures) -> list[str]:
    simple, robot = naive["naive"], naive["robot"]
    rows = (
        ("naive, due time → expression", simple["latency_ms"]),
        ("naive, processing of the frame alone", simple["processing_ms"]),
        ("robot, capture → expression", robot["latency_ms"]),
    )
    return [
        "## Against the naive pipeline",
        "",
        *paragraph(texts.NAIVE, {**simple, **robot, **naive}),
        *table(
            ("pipeline", *PERCENTILE_HEADING),
            ((name, *(row[p] for p in PERCENTILES)) for name, row in rows),
        ),
    ]


def _growth(growth: Figures) -> list[str]:
    lines = ["## Growth with faces and resolution", "", *paragraph(texts.GROWTH, growth)]
    heading = ("found", "faces, ms", "emotion, ms", "mean, ms", "p50, ms", "p95, ms", "ratio")
    for key, first in (("faces", "faces at 640×480"), ("resolution", "resolution, one face")):
        rows = [
            (
                name.replace("x", "×"),
                case["found"],
                case["faces_ms"],
                case["emotion_ms"],
                *(case["total_ms"][figure] for figure in ("mean", "p50", "p95")),
                case["ratio"],
            )
            for name, case in growth[key].items()
        ]
        lines += table((first, *heading), rows)
    return lines


def _overload(overload: Figures) -> list[str]:
    loads = {f"{load}×": case for load, case in overload["loads"].items()}
    latencies = [
        (load, *row) for load, case in loads.items() for row in _latencies(case["latency_ms"])
    ]
    lines = [
        "## Load beyond capacity",
        "",
        *paragraph(texts.OVERLOAD),
        *table(
            ("load", *(name.replace("_", " ") for name in LOSSES)),
            [(load, *(case[name] for name in LOSSES)) for load, case in loads.items()],
        ),
        *table(("load", "stage", *PERCENTILE_HEADING), latencies),
    ]
    for key, load in (("at_twice", "twice the"), ("at_most", "the highest")):
        p95 = overload[f"p95_ratio_{key}"]
        ratios = "; ".join(f"{STAGES[stage]} {text(value)}" for stage, value in p95.items())
        captured = overload[f"captured_ratio_{key}"]
        lines += paragraph(texts.RATIOS, {"load": load, "captured": captured, "ratios": ratios})
    return lines


def _other(name: str) -> Callable[[Figures], list[str]]:
    def section(figures: Figures) -> list[str]:
        rows = ((f"`{key}`", value) for key, value in flat(figures))
        return [
            f"## {name[0].upper()}{name[1:]}",
            "",
            *paragraph(texts.OTHERS[name]),
            *table(("figure", "value"), rows),
        ]

    return section


def _latencies(latencies: Figures) -> list[tuple[object, ...]]:
    return [(title, *(latencies[key][p] for p in PERCENTILES)) for key, title in STAGES.items()]


def paragraph(words: str, figures: Figures | None = None) -> list[str]:
    """Return a text as lines with an empty one behind; names in braces become figures."""
    shown = {key: text(value) for key, value in (figures or {}).items()}
    filled = (words.format_map(shown) if figures is not None else words).strip()
    wrapped = textwrap.wrap(filled, _LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return [*wrapped, ""]


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a Markdown table as lines with an empty one behind; all but the first column right."""
    marks = ["---", *("---:" for _ in heading[1:])]
    cells = [[_cell(value) for value in row] for row in rows]
    return [_row(heading), _row(marks), *map(_row, cells), ""]


def _cell(value: object) -> str:
    return re.sub(r"\s+", " ", text(value)).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(
    figures: Annotated[Path, typer.Argument(help="JSON of a bench run.")] = Path(
        "artifacts", "bench.json"
    ),
    page: Annotated[Path, typer.Argument(help="Where the page goes.")] = Path(
        "docs", "performance.md"
    ),
) -> None:
    """Write the page of a bench run."""
    write_page(figures, page)


if __name__ == "__main__":
    typer.run(main)
