"""Keeping a person under a name, with consent.

Nothing by which a person could be recognised is stored, no picture and no embedding. In another run
the robot does not know who is in front of it until the name is given again.
"""

# Statements are put together from constants only; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import math

from emotion_core.memory import tables
from emotion_core.memory.database import Database
from emotion_core.memory.errors import ConsentMissingError, InvalidNameError, UnknownPersonError
from emotion_core.memory.names import normalise_name


def enrol(database: Database, identifier: str, name: str, *, consent: bool, now: float) -> int:
    """Keep a person under a name and return the person's key.

    Raises as :meth:`.store.MoodStore.enrol` says.
    """
    if not consent:
        raise ConsentMissingError("nobody is kept under a name without having agreed")
    normal = normalise_name(name)
    with database.transaction():
        key = tables.key_of(database, identifier)
        if key is None:
            raise UnknownPersonError("nobody with this identifier is kept")
        ((present,),) = database.fetch("SELECT name FROM person WHERE id = ?", (key,))
        namesake = database.fetch("SELECT id FROM person WHERE name = ?", (normal,))
        if namesake and namesake[0][0] == key:
            return key
        if not namesake:
            database.execute(
                "UPDATE person SET name = ?, consent_time = ? WHERE id = ?", (normal, now, key)
            )
            if present is not None:
                database.request_erasure()
            return key
        if present is not None:
            raise InvalidNameError("two persons with different names are not joined")
        target = int(namesake[0][0])
        _join(database, key, target, math.floor(now))
        return target


def _join(database: Database, source: int, target: int, now: int) -> None:
    """Give a person's rows and identifiers to another, and drop the first."""
    ((first, last),) = database.fetch(
        "SELECT min(start_time), max(start_time) FROM mood_interval WHERE person = ?", (source,)
    )
    database.execute(
        f"INSERT INTO mood_interval (person, start_time, end_time, samples, {tables.COLUMNS})"
        f" SELECT ?, start_time, end_time, samples, {tables.COLUMNS} FROM mood_interval"
        f" WHERE person = ? {tables.JOIN_ON_CONFLICT}",
        (target, source),
    )
    if first is not None:
        tables.sum_up_quarters(database, target, tables.quarter_of(first), last + 1)
    ((identifier, first_seen, last_seen),) = database.fetch(
        "SELECT identifier, first_seen, last_seen FROM person WHERE id = ?", (source,)
    )
    database.execute(
        "UPDATE person SET first_seen = min(first_seen, ?), last_seen = max(last_seen, ?)"
        " WHERE id = ?",
        (first_seen, last_seen, target),
    )
    database.execute("UPDATE alias SET person = ? WHERE person = ?", (target, source))
    database.execute("DELETE FROM person WHERE id = ?", (source,))
    database.execute("INSERT INTO alias VALUES (?, ?, ?)", (identifier, target, now))
