"""Exports are complete, private and harmless."""

from __future__ import annotations

import csv
import datetime
import json
import stat
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from mood_rows import IDENTIFIERS, START, random_interval

from emotion_core.memory.export import CSV_COLUMNS, ExportError, ExportFormat, export
from emotion_core.memory.records import MoodInterval
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
A, B = IDENTIFIERS[:2]
NAME = '=cmd|"/c calc"!A1 🙂'


@pytest.fixture
def written(store: MoodStore) -> list[MoodInterval]:
    random = np.random.default_rng(6)
    intervals = [
        random_interval(person, START + 60 * number, random)
        for person in (A, B)
        for number in range(20)
    ]
    store.write(intervals, {A, B})
    store.enrol(A, NAME, consent=True, now=START + 7)
    return intervals


@pytest.mark.parametrize("form", list(ExportFormat))
def test_every_value_comes_back(
    store: MoodStore, written: list[MoodInterval], tmp_path: Path, form: ExportFormat
) -> None:
    path = tmp_path / "out"
    persons = [record.person for record in store.persons()]
    assert export(store, persons, path, form, BERLIN) == 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if form is ExportFormat.CSV:
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = [
            {"person": person["id"], **interval}
            for person in document["persons"]
            for interval in person["intervals"]
        ]
    assert tuple(found[0]) == CSV_COLUMNS
    for row, interval in zip(found, written, strict=True):
        assert row["person"] == interval.person
        assert datetime.datetime.fromisoformat(row["start"]).timestamp() == interval.start
        assert row["start"].endswith("+02:00")
        assert int(row["samples"]) == interval.samples
        assert tuple(float(row[name]) for name in CSV_COLUMNS[4:]) == interval.means


def test_json_has_names_and_consent_and_tables_have_none(
    store: MoodStore, written: list[MoodInterval], tmp_path: Path
) -> None:
    persons = [record.person for record in store.persons()]
    export(store, persons, tmp_path / "out.json", ExportFormat.JSON, BERLIN)
    export(store, persons, tmp_path / "out.csv", ExportFormat.CSV, BERLIN)
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [person["name"] for person in document["persons"]] == [NAME, None]
    assert [person["consent_time"] for person in document["persons"]] == [
        "2025-06-15T17:15:07+02:00",
        None,
    ]
    assert "cmd" not in (tmp_path / "out.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", list(ExportFormat))
def test_nobody_and_nothing_are_exported_as_such(
    store: MoodStore, tmp_path: Path, form: ExportFormat
) -> None:
    store.register(A, START)
    for number, persons in enumerate(([], [store.find(A)])):
        path = tmp_path / f"out{number}"
        assert export(store, persons, path, form, BERLIN) == 0
        if form is ExportFormat.JSON:
            assert len(json.loads(path.read_text())["persons"]) == len(persons)


def test_a_file_that_exists_is_not_touched(
    store: MoodStore, written: list[MoodInterval], tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        export(store, [], path, ExportFormat.CSV, BERLIN)
    assert path.read_text() == "mine"
    with pytest.raises(ExportError, match="No such file"):
        export(store, [], tmp_path / "no" / "folder.csv", ExportFormat.CSV, BERLIN)
