"""The mood memory on disk: persons and their rows."""

# Statements are put together from constants only; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

from emotion_core.memory import enrolment, erasure, tables
from emotion_core.memory.aggregation import QUARTER_HOUR_SECONDS
from emotion_core.memory.database import Database
from emotion_core.memory.errors import InvalidNameError, UnknownPersonError
from emotion_core.memory.names import normalise_name
from emotion_core.memory.records import (
    MEAN_COLUMNS,
    Erased,
    Kept,
    MoodInterval,
    MoodRows,
    Person,
    PersonRecord,
)
from emotion_core.memory.retention import RetentionPolicy

_INSERT_INTERVAL: Final = (
    f"INSERT INTO mood_interval (person, start_time, end_time, samples, {tables.COLUMNS})"
    f" VALUES (?, ?, ?, ?, {', '.join('?' * len(MEAN_COLUMNS))}) {tables.JOIN_ON_CONFLICT}"
)
_PERSON: Final = "id, identifier, name, consent_time, first_seen, last_seen"
_NOBODY: Final = "nobody with this identifier or name is kept"


class Resolution(Enum):
    """Length of the rows that :meth:`MoodStore.rows` returns."""

    INTERVAL = "interval"
    QUARTER_HOUR = "quarter hour"


class MoodStore:
    """Persons and rows in SQLite. For one thread at a time; several processes may open the file.

    Every method raises DatabaseUnavailableError or DatabaseCorruptError when the file fails.
    """

    def __init__(self, path: Path, *, create: bool, now: float) -> None:
        """Open the memory; arguments and errors as of :class:`.database.Database`."""
        self._database = Database(path, create=create, now=now)

    @property
    def path(self) -> Path:
        """Path of the database file."""
        return self._database.path

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged database was moved on opening; None when there was none."""
        return self._database.set_aside

    @property
    def is_open(self) -> bool:
        """Whether :meth:`close` has not been called."""
        return self._database.is_open

    @property
    def file_is_gone(self) -> bool:
        """Whether somebody deleted or replaced the file since it was opened."""
        return self._database.file_is_gone

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._database.close()

    def register(self, identifier: str, seen: int) -> None:
        """Make a person known, without rows, so that it can be enrolled and forgotten at once."""
        with self._database.transaction():
            if tables.key_of(self._database, identifier) is None:
                tables.insert_person(self._database, identifier, seen)

    def write(self, intervals: Sequence[MoodInterval], new: Collection[str] = ()) -> set[str]:
        """Keep rows, all or none, durably.

        Args:
            intervals: the rows; one that is kept already is joined with the new one.
            new: identifiers that are registered on the way.

        Returns:
            Identifiers that are neither known nor new. Their rows are not kept: the person was
            erased in the meantime, and a forgotten person does not come back.
        """
        refused: set[str] = set()
        quarters: set[tuple[int, int]] = set()
        with self._database.transaction():
            for interval in intervals:
                key = tables.key_of(self._database, interval.person)
                if key is None and interval.person in new:
                    key = tables.insert_person(self._database, interval.person, interval.start)
                if key is None:
                    refused.add(interval.person)
                    continue
                self._database.execute(
                    _INSERT_INTERVAL,
                    (key, interval.start, interval.end, interval.samples, *interval.means),
                )
                self._database.execute(
                    "UPDATE person SET first_seen = min(first_seen, ?),"
                    " last_seen = max(last_seen, ?) WHERE id = ?",
                    (interval.start, interval.end, key),
                )
                quarters.add((key, tables.quarter_of(interval.start)))
            for key, start in sorted(quarters):
                tables.sum_up_quarters(self._database, key, start, start + QUARTER_HOUR_SECONDS)
        return refused

    def find(self, reference: str) -> Person:
        """Return the person with an identifier or a name.

        Raises:
            UnknownPersonError: if there is none. The message does not repeat the reference.
        """
        key = tables.key_of(self._database, reference)
        if key is None:
            try:
                name = normalise_name(reference)
            except InvalidNameError as error:
                raise UnknownPersonError(_NOBODY) from error
            found = self._database.fetch(f"SELECT {_PERSON} FROM person WHERE name = ?", (name,))
        else:
            found = self._database.fetch(f"SELECT {_PERSON} FROM person WHERE id = ?", (key,))
        if not found:
            raise UnknownPersonError(_NOBODY)
        return Person(*found[0])

    def identifiers(self, person: Person) -> set[str]:
        """Return all identifiers that stand for the person."""
        aliases = self._database.fetch(
            "SELECT identifier FROM alias WHERE person = ?", (person.key,)
        )
        return {person.identifier, *(identifier for (identifier,) in aliases)}

    def record(self, person: Person) -> PersonRecord:
        """Return a person with the size of what is kept."""
        (row,) = self._records("id = ?", (person.key,))
        return row

    def persons(self) -> list[PersonRecord]:
        """Return everybody: the enrolled by name, then the others, the latest seen first."""
        return self._records("1", ())

    def rows(
        self,
        person: Person,
        *,
        since: float = -math.inf,
        until: float = math.inf,
        resolution: Resolution = Resolution.QUARTER_HOUR,
    ) -> MoodRows:
        """Return a person's rows that begin in [since, until), seconds since the Unix epoch.

        Days and weeks of all time zones in use begin on a quarter of an hour, so rows of that
        length give the same summaries as the intervals, from a fifteenth of the data.
        """
        span = "person = ? AND start_time >= ? AND start_time < ? ORDER BY start_time"
        values = (person.key, since, until)
        if resolution is Resolution.QUARTER_HOUR:
            return MoodRows.from_packed(
                self._database.fetch(
                    f"SELECT start_time, observed, samples, means FROM quarter_hour WHERE {span}",
                    values,
                )
            )
        return MoodRows.from_tuples(
            self._database.fetch(
                f"SELECT start_time, end_time - start_time, samples, {tables.COLUMNS}"
                f" FROM mood_interval WHERE {span}",
                values,
            )
        )

    def intervals(self, person: Person) -> Iterator[MoodInterval]:
        """Iterate over a person's rows in order of time."""
        rows = self._database.iterate(
            f"SELECT start_time, end_time, samples, {tables.COLUMNS} FROM mood_interval"
            " WHERE person = ? ORDER BY start_time",
            (person.key,),
        )
        for start, end, samples, *means in rows:
            yield MoodInterval(person.identifier, start, end, samples, tuple(means))

    def kept(self) -> Kept:
        """Return what is kept, in numbers; quick enough to ask every minute."""
        ((anonymous, enrolled, oldest_anonymous, oldest_enrolled, newest),) = self._database.fetch(
            "SELECT count(*) FILTER (WHERE name IS NULL), count(*) FILTER (WHERE name IS NOT NULL),"
            " min(first_seen) FILTER (WHERE name IS NULL),"
            " min(first_seen) FILTER (WHERE name IS NOT NULL), max(last_seen) FROM person"
        )
        ((observed,),) = self._database.fetch("SELECT coalesce(sum(observed), 0) FROM quarter_hour")
        return Kept(
            anonymous,
            enrolled,
            observed,
            oldest_anonymous,
            oldest_enrolled,
            newest,
            len(self._database.damaged_copies()),
            self._database.size_bytes(),
        )

    def enrol(self, identifier: str, name: str, *, consent: bool, now: float) -> Person:
        """Keep a person under a name from now on.

        A name that is kept already joins the two records, see :mod:`.enrolment`.

        Args:
            identifier: of the person.
            name: see :func:`.names.normalise_name`.
            consent: whether the person agreed.
            now: seconds since the Unix epoch, kept as the time of consent.

        Raises:
            ConsentMissingError: without consent.
            InvalidNameError: if the name cannot be given, or the person bears another name and the
                one given is somebody else's.
            UnknownPersonError: if the identifier is not known.
            ErasureIncompleteError: if the person is enrolled, but the bytes of a former name could
                not be erased yet.
        """
        key = enrolment.enrol(self._database, identifier, name, consent=consent, now=now)
        erasure.finish(self._database)
        ((*row,),) = self._database.fetch(f"SELECT {_PERSON} FROM person WHERE id = ?", (key,))
        return Person(*row)

    def forget(self, person: Person) -> Erased:
        """Erase a person from all files of the memory; raises as :func:`.erasure.forget`."""
        return erasure.forget(self._database, "id = ?", (person.key,))

    def forget_everybody(self) -> Erased:
        """Erase everything kept; raises as :func:`.erasure.forget`."""
        return erasure.forget(self._database, erasure.EVERYBODY)

    def expire(self, policy: RetentionPolicy, now: float) -> Erased:
        """Erase what is past its time; raises as :func:`.erasure.expire`."""
        return erasure.expire(self._database, policy, now)

    def finish_erasure(self) -> None:
        """Try again to erase the bytes of deleted rows; raises as :func:`.erasure.forget`."""
        erasure.finish(self._database)

    def _records(self, condition: str, values: tuple[Any, ...]) -> list[PersonRecord]:
        rows = self._database.fetch(
            f"SELECT {_PERSON}, count(start_time), coalesce(sum(end_time - start_time), 0)"
            f" FROM person LEFT JOIN mood_interval ON person = id WHERE {condition} GROUP BY id"
            " ORDER BY name IS NULL, name, last_seen DESC, id",
            values,
        )
        return [PersonRecord(Person(*row[:-2]), *row[-2:]) for row in rows]
