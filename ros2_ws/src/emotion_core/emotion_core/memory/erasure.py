"""Erasing persons on request and rows past their time, down to the bytes in the files."""

# Statements are put together from constants only; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import math
from typing import Final

from emotion_core.memory import tables
from emotion_core.memory.aggregation import QUARTER_HOUR_SECONDS
from emotion_core.memory.database import Database
from emotion_core.memory.records import Erased
from emotion_core.memory.retention import RetentionPolicy

EVERYBODY: Final = "1"
"""Condition that holds for all persons."""


def forget(database: Database, condition: str, values: tuple[object, ...] = ()) -> Erased:
    """Erase the persons for whom a condition on the table of persons holds.

    Damaged copies are deleted whole: nobody can tell whether the persons are in them.

    Raises:
        ErasureIncompleteError: if the rows are deleted but another process kept the bytes from
            being erased; :func:`finish` tries again.
    """
    with database.transaction():
        erased = tables.delete_persons(database, condition, values)
    copies = database.damaged_copies()
    for file in copies:
        file.unlink(missing_ok=True)
    finish(database)
    return Erased(erased, len(copies))


def expire(database: Database, policy: RetentionPolicy, now: float) -> Erased:
    """Erase what is older than the policy allows, and persons of whom nothing is left.

    Raises:
        ErasureIncompleteError: as for :func:`forget`.
    """
    with database.transaction():
        erased = sum(_expire(database, policy, now, enrolled=which) for which in (False, True))
        limit = now - policy.lifetime(enrolled=False)
        database.execute("DELETE FROM alias WHERE created < ?", (limit,))
        if erased:
            database.request_erasure()
    copies = [file for file in database.damaged_copies() if file.stat().st_mtime < limit]
    for file in copies:
        file.unlink(missing_ok=True)
    finish(database)
    return Erased(erased, len(copies))


def finish(database: Database) -> None:
    """Erase the bytes of deleted rows if any are left; raises as :func:`forget`."""
    if database.erasure_due:
        database.erase_remains()


def _expire(database: Database, policy: RetentionPolicy, now: float, *, enrolled: bool) -> int:
    limit = now - policy.lifetime(enrolled=enrolled)
    # Whole quarters of an hour, so that no sum over expired rows stays.
    first_kept = math.ceil(limit / QUARTER_HOUR_SECONDS) * QUARTER_HOUR_SECONDS
    group = "(name IS NOT NULL) = ?"
    of_group = f"person IN (SELECT id FROM person WHERE {group}) AND start_time < ?"
    values = (enrolled, first_kept)
    erased = database.execute(f"DELETE FROM mood_interval WHERE {of_group}", values).rowcount
    database.execute(f"DELETE FROM quarter_hour WHERE {of_group}", values)
    tables.delete_persons(
        database,
        f"{group} AND last_seen < ?"
        " AND NOT EXISTS (SELECT 1 FROM mood_interval WHERE person = person.id)",
        values,
    )
    database.execute(
        f"UPDATE person SET first_seen = ? WHERE {group} AND first_seen < ?",
        (first_kept, *values),
    )
    return erased
