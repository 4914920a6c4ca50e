"""`emotion-bot mood` shows, exports, names and erases what is kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from mood_rows import DAY, IDENTIFIERS, START, interval
from typer.testing import CliRunner

from emotion_bot.commands import mood
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.unit

A, B = IDENTIFIERS[:2]
NAME = "[red]O'Brien[/] <b>🙂"


@pytest.fixture
def path(database_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A memory with 40 days of one person, enrolled and ever sadder, and an hour of another."""
    monkeypatch.setenv("COLUMNS", "120")
    now = START + 12 * 3600
    monkeypatch.setattr(mood, "time", SimpleNamespace(time=lambda: now))
    noon = now - 3600
    store = MoodStore(database_path, create=True, now=now)
    rows = [
        interval(A, noon - DAY * day + 60 * minute, valence=-0.5 + day / 50, label="sad")
        for day in range(40)
        for minute in range(15)
    ]
    store.write(rows, {A})
    store.write([interval(B, noon + 60 * minute) for minute in range(60)], {B})
    store.enrol(A, NAME, consent=True, now=now)
    store.close()
    return database_path


def _run(path: Path, *arguments: str, answer: str | None = None) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(mood.app, [command, "--database", str(path), *rest], input=answer)


def test_show_lists_everybody(path: Path) -> None:
    result = _run(path, "show")
    assert result.exit_code == 0, result.output
    for text in (A, B, NAME, "anonymous", "10:00 h", "1:00 h"):
        assert text in result.output


def test_identifiers_are_whole_on_a_narrow_screen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    output = _run(path, "show").output
    assert A in output
    assert B in output


def test_show_a_person_by_day_with_trend_and_baseline(path: Path) -> None:
    result = _run(path, "show", NAME, "--time-zone", "UTC")
    assert result.exit_code == 0, result.output
    assert "valence: falls by 0.14 a week; last 7 days -0.35 against the 28 before" in result.output
    assert "arousal: no clear trend" in result.output
    assert result.output.count("sad 100%") == 40
    assert "not a proof" in result.output


def test_show_as_json(path: Path) -> None:
    document = json.loads(_run(path, "show", A, "--by", "week", "--json").output)
    assert document["person"]["name"] == NAME
    assert sum(week["observed"] for week in document["summaries"]) == 40 * 900
    assert document["trend"]["valence"]["per_day"] == pytest.approx(-0.02)
    document = json.loads(_run(path, "show", B, "--json").output)
    assert document["trend"]["valence"]["per_day"] is None
    people = json.loads(_run(path, "show", "--json").output)["persons"]
    assert [person["id"] for person in people] == [A, B]


def test_show_the_last_days_only(path: Path) -> None:
    document = json.loads(_run(path, "show", A, "--days", "3", "--json").output)
    assert sum(day["observed"] for day in document["summaries"]) == 3 * 900


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_export(path: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"mood.{suffix}"
    result = _run(path, "export", "--out", str(out), NAME)
    assert "600 rows" in result.output
    if suffix == "csv":
        with out.open(newline="") as file:
            assert {row["person"] for row in csv.DictReader(file)} == {A}
    else:
        (person,) = json.loads(out.read_text())["persons"]
        assert (person["name"], len(person["intervals"])) == (NAME, 600)
    assert _run(path, "export", "--out", str(out)).exit_code == 1
    assert _run(path, "export", "--out", str(tmp_path / "mood.xml")).exit_code == 2


def test_forget_asks_and_erases(path: Path) -> None:
    declined = _run(path, "forget", A, answer="n\n")
    assert declined.exit_code == 1
    assert A.encode() in path.read_bytes()
    erased = _run(path, "forget", NAME, answer="y\n")
    assert "600 rows erased" in erased.output
    for secret in (A.encode(), NAME.encode()):
        assert secret not in path.read_bytes()
    assert B in _run(path, "show").output
    assert "60 rows erased" in _run(path, "forget", "--all", "--yes").output
    assert "nothing is kept" in _run(path, "show").output


def test_enrol_needs_consent_and_does_not_need_the_name_on_the_command_line(path: Path) -> None:
    refused = _run(path, "enrol", B, answer="Ben\nn\n")
    assert refused.exit_code == 1
    assert "without having agreed" in refused.output
    assert B in _run(path, "enrol", B, answer="Ben\ny\n").output
    assert "Ben" in _run(path, "show").output
    assert A in _run(path, "enrol", A, "--name", NAME, "--consent").output


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("show", "nobody"), 1, "nobody with this identifier"),
        (("show", "--time-zone", "Nowhere"), 1, "not a time zone"),
        (("show", "x" * 10_000), 1, "nobody with this identifier"),
        (("forget",), 2, "a person or --all"),
        (("forget", A, "--all"), 2, "a person or --all"),
        (("enrol", B, "--consent", "--name", "x" * 10_000), 1, "at most 100 characters"),
        (("enrol", B, "--consent", "--name", "a\nb"), 1, "one line"),
        (("enrol", "nobody", "--consent", "--name", "Ben"), 1, "nobody with this identifier"),
    ],
)
def test_mistakes_are_told_and_change_nothing(
    path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    before = _run(path, "show", "--json").output
    result = _run(path, *arguments)
    assert result.exit_code == status
    assert message in " ".join(result.output.split())
    assert _run(path, "show", "--json").output == before


def test_without_a_database_nothing_is_created(database_path: Path) -> None:
    for command in ("show", "forget"):
        result = _run(database_path, command, *(["--all"] if command == "forget" else []))
        assert result.exit_code == 1
        assert "no mood memory" in " ".join(result.output.split())
    assert not database_path.parent.exists()
