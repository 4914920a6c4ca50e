"""Statements on the tables that more than one part of the store needs.

All run inside the caller's transaction.
"""

# Statements are put together from constants only; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from typing import Any, Final

from emotion_core.memory.aggregation import QUARTER_HOUR_SECONDS
from emotion_core.memory.database import Database
from emotion_core.memory.names import is_identifier
from emotion_core.memory.records import MEAN_COLUMNS

COLUMNS: Final = ", ".join(MEAN_COLUMNS)

_MEAN_OF_BOTH: Final = ", ".join(
    f"{name} = (samples * {name} + excluded.samples * excluded.{name})"
    " / (samples + excluded.samples)"
    for name in MEAN_COLUMNS
)

JOIN_ON_CONFLICT: Final = (
    f"ON CONFLICT (person, start_time) DO UPDATE SET {_MEAN_OF_BOTH},"
    " samples = samples + excluded.samples, end_time = max(end_time, excluded.end_time)"
)
"""Two rows of a person in one interval become one: after a late sample, or when two identifiers
turn out to be the same person."""


def key_of(database: Database, identifier: str) -> int | None:
    """Return the key of the person with an identifier or alias, None for nobody."""
    if not is_identifier(identifier):
        return None
    found: list[Any] = database.fetch(
        "SELECT id FROM person WHERE identifier = :identifier"
        " UNION ALL SELECT person FROM alias WHERE identifier = :identifier",
        {"identifier": identifier},
    )
    return found[0][0] if found else None


def insert_person(database: Database, identifier: str, seen: int) -> int:
    """Add an anonymous person and return the key."""
    cursor = database.execute(
        "INSERT INTO person (identifier, first_seen, last_seen) VALUES (?, ?, ?)",
        (identifier, seen, seen),
    )
    key = cursor.lastrowid
    if key is None:
        raise AssertionError("SQLite gave no row id for an insertion")
    return key


def delete_persons(database: Database, condition: str, values: tuple[object, ...]) -> int:
    """Delete the persons for whom a condition holds, with all their rows; return how many rows."""
    chosen = f"SELECT id FROM person WHERE {condition}"
    deleted = database.execute(
        f"DELETE FROM mood_interval WHERE person IN ({chosen})", values
    ).rowcount
    # The other tables follow by ON DELETE CASCADE.
    if database.execute(f"DELETE FROM person WHERE {condition}", values).rowcount:
        database.request_erasure()
    return deleted


def sum_up_quarters(database: Database, key: int, first: int, end: int) -> None:
    """Make a person's quarter-hour rows in [first, end) anew from the intervals."""
    database.execute(
        "INSERT OR REPLACE INTO quarter_hour (person, start_time, observed, samples, means)"
        f" SELECT person, start_time / {QUARTER_HOUR_SECONDS} * {QUARTER_HOUR_SECONDS},"
        f" sum(end_time - start_time), sum(samples), packed_means(samples, {COLUMNS})"
        " FROM mood_interval"
        " WHERE person = ? AND start_time >= ? AND start_time < ?"
        f" GROUP BY start_time / {QUARTER_HOUR_SECONDS}",
        (key, first, end),
    )


def quarter_of(time: int) -> int:
    """Return the start of the quarter of an hour that holds a time."""
    return time // QUARTER_HOUR_SECONDS * QUARTER_HOUR_SECONDS
