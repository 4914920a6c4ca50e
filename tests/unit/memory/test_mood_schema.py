"""Older databases become present ones, newer and foreign ones are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from mood_rows import IDENTIFIERS, START, random_interval

from emotion_core.memory import schema
from emotion_core.memory.errors import DatabaseVersionError, ForeignDatabaseError
from emotion_core.memory.records import MEAN_COLUMNS
from emotion_core.memory.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    SCHEMA_VERSION,
    add_functions,
    migrate,
)
from emotion_core.memory.store import MoodStore, Resolution

pytestmark = pytest.mark.unit


def _database_of_version(path: Path, version: int) -> None:
    """Make a database as the program of an earlier version left it, with 40 rows of a person."""
    random = np.random.default_rng(version)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    add_functions(connection)
    for statements in MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(
        "INSERT INTO person VALUES (7, ?, 'Anna', ?, ?, ?)",
        (IDENTIFIERS[0], START, START, START + 40 * 60),
    )
    for number in range(40):
        row = random_interval(IDENTIFIERS[0], START + 60 * number, random)
        connection.execute(
            f"INSERT INTO mood_interval VALUES (7, ?, ?, ?, {', '.join('?' * len(row.means))})",
            (row.start, row.end, row.samples, *row.means),
        )
    if version >= 2:
        connection.execute(MIGRATIONS[1][1])
    connection.commit()
    connection.close()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_database_of_each_version_is_brought_forward_with_its_rows(
    database_path: Path, version: int
) -> None:
    _database_of_version(database_path, version)
    store = MoodStore(database_path, create=True, now=START)
    assert store.set_aside is None
    anna = store.find("Anna")
    assert anna.consent_time == START
    intervals = store.rows(anna, resolution=Resolution.INTERVAL)
    quarters = store.rows(anna)
    assert len(intervals) == 40
    assert quarters.observed.tolist() == [900, 900, 600]
    assert quarters.samples.sum() == intervals.samples.sum()
    first = slice(0, 15)
    expected = np.average(intervals.means[first], axis=0, weights=intervals.samples[first])
    np.testing.assert_allclose(quarters.means[0], expected, rtol=1e-12)
    store.close()
    connection = sqlite3.connect(database_path)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_a_migration_that_fails_leaves_the_old_database_as_it_was(
    database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _database_of_version(database_path, 1)
    broken = (*MIGRATIONS[:1], ("CREATE TABLE half_done (x)", "SELECT no_such_function()"))
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    connection = sqlite3.connect(database_path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert ("half_done",) not in tables
    assert connection.execute("SELECT count(*) FROM mood_interval").fetchone() == (40,)
    connection.close()


def test_a_newer_database_is_refused_and_untouched(database_path: Path) -> None:
    MoodStore(database_path, create=True, now=START).close()
    connection = sqlite3.connect(database_path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = database_path.read_bytes()
    with pytest.raises(DatabaseVersionError, match=f"version {SCHEMA_VERSION + 1}.*update"):
        MoodStore(database_path, create=True, now=START)
    assert database_path.read_bytes() == before
    assert [file.name for file in database_path.parent.iterdir()] == [database_path.name]


@pytest.mark.parametrize("application_id", [0, 1234])
def test_a_database_of_another_program_is_refused_and_untouched(
    database_path: Path, application_id: int
) -> None:
    database_path.parent.mkdir(parents=True)
    connection = sqlite3.connect(database_path)
    connection.execute("CREATE TABLE recipe (title)")
    connection.execute(f"PRAGMA application_id = {application_id}")
    connection.close()
    before = database_path.read_bytes()
    with pytest.raises(ForeignDatabaseError, match="another program"):
        MoodStore(database_path, create=True, now=START)
    assert database_path.read_bytes() == before


def test_the_columns_are_those_of_the_rows_in_their_order(store: MoodStore) -> None:
    connection = sqlite3.connect(store.path)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(mood_interval)")]
    connection.close()
    assert tuple(columns[-len(MEAN_COLUMNS) :]) == MEAN_COLUMNS
