"""`emotion-bot mood`: see, export, name and erase what is kept of people's moods."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from emotion_core.memory.database import default_database_path
from emotion_core.memory.errors import MoodMemoryError
from emotion_core.memory.export import ExportFormat
from emotion_core.memory.export import export as export_rows
from emotion_core.memory.records import Person, PersonRecord
from emotion_core.memory.report import BASELINE_DAYS, RECENT_DAYS, MoodReport
from emotion_core.memory.report import report as mood_report
from emotion_core.memory.store import MoodStore
from emotion_core.memory.summary import MoodSummary, Period
from emotion_core.memory.time_zone import time_zone
from emotion_core.memory.trend import Deviation, Slope

app = typer.Typer(
    name="mood",
    help="What is kept of people's moods, on this machine only.",
    no_args_is_help=True,
)

DatabaseOption = Annotated[
    Path | None,
    typer.Option("--database", dir_okay=False, help="Database file instead of the default one."),
]
ZoneOption = Annotated[
    str, typer.Option("--time-zone", help="IANA name, such as Europe/Berlin; empty for here.")
]
PersonArgument = Annotated[
    str | None, typer.Argument(help="Identifier or name; `emotion-bot mood show` lists them.")
]


@app.command()
def show(
    person: PersonArgument = None,
    by: Annotated[Period, typer.Option(help="Length of each line.")] = Period.DAY,
    days: Annotated[int | None, typer.Option(min=1, help="Only the last so many days.")] = None,
    zone: ZoneOption = "",
    database: DatabaseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List who is kept, or show one person's days or weeks, trend and baseline."""
    now = time.time()
    with _errors_told(), _store(database, now) as store:
        place = time_zone(zone)
        if person is None:
            records = store.persons()
            if as_json:
                _print_json({"persons": [_person_values(record, place) for record in records]})
            else:
                _print_persons(records, place)
            return
        found = store.find(person)
        since = -math.inf if days is None else now - days * 86_400.0
        answer = mood_report(store, found, by, place, since=since, until=now)
        if as_json:
            _print_json(
                {"person": _person_values(store.record(found), place), **_report_values(answer)}
            )
        else:
            _print_report(found, answer, by)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="New .csv or .json file.")],
    person: PersonArgument = None,
    zone: ZoneOption = "",
    database: DatabaseOption = None,
) -> None:
    """Write all rows of a person, or of everybody, to a file."""
    try:
        form = ExportFormat(out.suffix.removeprefix(".").lower())
    except ValueError as error:
        raise typer.BadParameter("end the name in .csv or .json", param_hint="--out") from error
    with _errors_told(), _store(database, time.time()) as store:
        persons = (
            [record.person for record in store.persons()]
            if person is None
            else [store.find(person)]
        )
        count = export_rows(store, persons, out, form, time_zone(zone))
    Console().print(Text(f"{count} rows: {out}"))


@app.command()
def forget(
    person: PersonArgument = None,
    everybody: Annotated[bool, typer.Option("--all", help="Erase everything kept.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Erase a person, or everybody, from all files of the mood memory."""
    if (person is None) is not everybody:
        raise typer.BadParameter("give a person or --all, not both")
    with _errors_told(), _store(database, time.time()) as store:
        if person is None:
            rows = sum(record.intervals for record in store.persons())
            question = f"Erase all {rows} rows of everybody?"
        else:
            found = store.find(person)
            question = f"Erase all {store.record(found).intervals} rows of this person?"
        if not yes:
            typer.confirm(question, abort=True)
        erased = store.forget_everybody() if person is None else store.forget(found)
    Console().print(Text(f"{erased.intervals} rows erased"))
    if erased.damaged_copies:
        Console().print(Text(f"{erased.damaged_copies} files of damaged databases erased too"))


@app.command()
def enrol(
    person: Annotated[str, typer.Argument(help="Identifier of the person.")],
    name: Annotated[
        str, typer.Option(prompt=True, help="Asked for when left out, and then in no history.")
    ],
    consent: Annotated[
        bool,
        typer.Option(
            "--consent",
            prompt="Does the person agree that moods are kept under this name?",
            help="The person agrees.",
        ),
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Keep a person under a name, with the person's consent."""
    now = time.time()
    with _errors_told(), _store(database, now) as store:
        identifier = store.enrol(person, name, consent=consent, now=now).identifier
    Console().print(Text(f"kept under this name: {identifier}"))


@contextmanager
def _store(database: Path | None, now: float) -> Iterator[MoodStore]:
    store = MoodStore(database or default_database_path(), create=False, now=now)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except MoodMemoryError as error:
        Console(stderr=True).print(Text("error: ", style="red") + Text(str(error)))
        raise typer.Exit(1) from error


def _print_persons(records: list[PersonRecord], zone: datetime.tzinfo) -> None:
    if not records:
        Console().print("nothing is kept")
        return
    table = Table(
        # The identifier is typed into other commands, so it must never be cut off.
        Column("id", min_width=max(len(record.person.identifier) for record in records)),
        Column("name", overflow="fold"),
        "first seen",
        "last seen",
        "observed",
    )
    for record in records:
        table.add_row(
            record.person.identifier,
            # Text, because a name may look like markup.
            Text(record.person.name or "anonymous", style="" if record.person.enrolled else "dim"),
            _local(record.person.first_seen, zone, "%Y-%m-%d"),
            _local(record.person.last_seen, zone, "%Y-%m-%d %H:%M"),
            _hours(record.observed),
        )
    Console().print(table)


def _print_report(person: Person, answer: MoodReport, by: Period) -> None:
    Console().print(Text(person.name or person.identifier, style="bold"))
    if not answer.summaries:
        Console().print("nothing is kept of this time")
        return
    table = Table(by.value, "mostly", "valence", "arousal", "observed")
    for mood in answer.summaries:
        table.add_row(
            mood.date.isoformat(),
            f"{mood.emotion.value} {max(mood.probabilities):.0%}",
            f"{mood.valence:+.2f}",
            f"{mood.arousal:+.2f}",
            _hours(mood.observed),
        )
    Console().print(table)
    comparison = answer.comparison
    for name, slope, deviation in (
        ("valence", answer.trend.valence, comparison.valence),
        ("arousal", answer.trend.arousal, comparison.arousal),
    ):
        Console().print(Text(f"{name}: {_slope_words(slope)}; {_deviation_words(deviation)}"))
    Console().print(
        Text("These are expressions that were read, not a proof of what was felt.", style="dim")
    )


def _slope_words(slope: Slope) -> str:
    if math.isnan(slope.per_day):
        return "too few days for a trend"
    if not slope.is_clear:
        return "no clear trend"
    direction = "rises" if slope.per_day > 0.0 else "falls"
    return f"{direction} by {abs(slope.per_day) * 7:.2f} a week"


def _deviation_words(deviation: Deviation) -> str:
    if math.isnan(deviation.difference):
        return "too few days for a comparison"
    return (
        f"last {RECENT_DAYS} days {deviation.difference:+.2f} against the {BASELINE_DAYS} before "
        f"({deviation.deviations:+.1f} usual deviations)"
    )


def _person_values(record: PersonRecord, zone: datetime.tzinfo) -> dict[str, Any]:
    person = record.person
    return {
        "id": person.identifier,
        "name": person.name,
        "consent_time": None if person.consent_time is None else _iso(person.consent_time, zone),
        "first_seen": _iso(person.first_seen, zone),
        "last_seen": _iso(person.last_seen, zone),
        "intervals": record.intervals,
        "observed_seconds": record.observed,
    }


def _report_values(answer: MoodReport) -> dict[str, Any]:
    return {
        "summaries": [_summary_values(mood) for mood in answer.summaries],
        "trend": asdict(answer.trend),
        "comparison": asdict(answer.comparison),
    }


def _summary_values(mood: MoodSummary) -> dict[str, Any]:
    return {**asdict(mood), "date": mood.date.isoformat(), "label": mood.emotion.value}


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(_without_nan(document), ensure_ascii=False, indent=2))


def _without_nan(value: Any) -> Any:
    """JSON has no word for NaN: what is unknown is null."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _iso(seconds: float, zone: datetime.tzinfo) -> str:
    return datetime.datetime.fromtimestamp(seconds, zone).isoformat(timespec="seconds")


def _local(seconds: float, zone: datetime.tzinfo, form: str) -> str:
    return datetime.datetime.fromtimestamp(seconds, zone).strftime(form)


def _hours(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02} h"
