"""From expressions of faces to rows in the store: what the mood node runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion_core.memory.aggregation import IntervalAggregator, MoodSample
from emotion_core.memory.database import set_damaged_aside
from emotion_core.memory.errors import (
    DatabaseCorruptError,
    DatabaseUnavailableError,
    ErasureIncompleteError,
    MoodMemoryError,
    UnknownPersonError,
)
from emotion_core.memory.names import new_identifier
from emotion_core.memory.records import Erased, MoodInterval, Person
from emotion_core.memory.retention import Daily, RetentionPolicy
from emotion_core.memory.store import MoodStore

MAXIMUM_LAG_SECONDS: Final = 600.0
"""Samples further from the clock come from a replay or a wrong clock and are not remembered."""

FACE_MEMORY_SECONDS: Final = 120.0
"""After so long without a sample a face id stands for nobody; a tracker's ids live shorter."""

RETRY_SECONDS: Final = 10.0

MAXIMUM_WAITING: Final = 10_000
"""Rows held in memory while the database cannot be written; the oldest go first."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How recording goes.

    Attributes:
        intervals_written: since the start.
        intervals_waiting: complete, but not on the disk.
        intervals_lost: given up because the database could not be written for long.
        samples_without_face: not kept because nobody can say whose they are.
        faces: in view lately and recorded.
        failure: why the database cannot be written or erased now; empty when it can.
        set_aside: where a damaged database was moved in this run; None when there was none.
    """

    intervals_written: int
    intervals_waiting: int
    intervals_lost: int
    samples_without_face: int
    faces: int
    failure: str
    set_aside: Path | None


class MoodRecorder:
    """Gives faces anonymous identifiers, averages their expressions and keeps the rows.

    All times are seconds since the Unix epoch and given by the caller.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: float,
        policy: RetentionPolicy | None = None,
        interval_seconds: int = 60,
        identifiers: Callable[[], str] = new_identifier,
    ) -> None:
        """Open or make the database and erase what is past its time.

        Args:
            path: of the database.
            now: present time.
            policy: for how long rows are kept.
            interval_seconds: length of an interval; divides 900.
            identifiers: gives a new random identifier.

        Raises:
            DatabaseUnavailableError, DatabaseVersionError, ForeignDatabaseError: as of
                :class:`.database.Database`.
            ValueError: if the interval does not divide 900 s.
        """
        self._path = path
        self._policy = policy or RetentionPolicy()
        self._aggregator = IntervalAggregator(interval_seconds)
        self._identifiers = identifiers
        self._faces: dict[str, str] = {}
        self._seen: dict[str, float] = {}
        self._excluded: set[str] = set()
        self._known: set[str] = set()
        self._waiting: list[MoodInterval] = []
        self._written = 0
        self._lost = 0
        self._without_face = 0
        self._failure = ""
        self._erasure_pending = False
        self._retry_time = now
        self._daily = Daily(now)
        self._store = MoodStore(path, create=True, now=now)
        self._set_aside = self._store.set_aside
        self._expire(now)

    @property
    def store(self) -> MoodStore:
        """The open store, for reading. It may be another one after each call."""
        return self._store

    @property
    def policy(self) -> RetentionPolicy:
        """For how long rows are kept."""
        return self._policy

    @property
    def status(self) -> RecorderStatus:
        """How recording goes."""
        return RecorderStatus(
            self._written,
            len(self._waiting),
            self._lost,
            self._without_face,
            len(self._faces),
            self._failure,
            self._set_aside,
        )

    def observe(self, face_id: str, sample: MoodSample, now: float) -> None:
        """Take an expression of a face.

        Raises:
            ValueError: if the sample is out of range or its time far from the present.
        """
        if not face_id:
            self._without_face += 1
            return
        if not abs(sample.time - now) <= MAXIMUM_LAG_SECONDS:
            raise ValueError(
                f"the expression is {now - sample.time:.0f} s old: replays are not remembered"
            )
        self._keep_complete(now)
        self._seen[face_id] = now
        if face_id in self._excluded:
            return
        identifier = self._faces.get(face_id) or self._identifiers()
        self._aggregator.add(identifier, sample)
        if face_id not in self._faces:
            self._faces[face_id] = identifier
            self._register(identifier, now)

    def tick(self, now: float) -> Erased | None:
        """Do what time asks for; to be called about once a second.

        Returns:
            What was erased because it was past its time, None when that was not looked into.
        """
        if self._store.is_open and self._store.file_is_gone:
            self._reopen(now)
        self._keep_complete(now)
        if now >= self._retry_time:
            self._try_again(now)
        for face_id in [face for face, seen in self._seen.items() if _is_past(seen, now)]:
            del self._seen[face_id]
            self._faces.pop(face_id, None)
            self._excluded.discard(face_id)
        if self._daily.is_due(now):
            return self._expire(now)
        return None

    def person_of(self, face_id: str) -> str:
        """Return the identifier of a face of the present run.

        Raises:
            UnknownPersonError: if nothing is remembered of the face.
        """
        try:
            return self._faces[face_id]
        except KeyError as error:
            raise UnknownPersonError("nothing is remembered of this face") from error

    def faces_of(self, person: Person) -> list[str]:
        """Return the faces of the present run that are a person."""
        identifiers = self._store.identifiers(person)
        return [face for face, identifier in self._faces.items() if identifier in identifiers]

    def enrol(self, reference: str, name: str, *, consent: bool, now: float) -> Person:
        """Keep a person under a name; ``reference`` is an identifier; see :meth:`MoodStore.enrol`.

        Raises as that method does. A person in view can be enrolled before the first row is kept.
        """
        if reference in self._faces.values() and reference not in self._known:
            self._store.register(reference, math.floor(now))
            self._known.add(reference)
        try:
            return self._store.enrol(reference, name, consent=consent, now=now)
        except ErasureIncompleteError:
            self._erasure_pending = True
            raise

    def forget(self, reference: str) -> Erased:
        """Erase a person, by identifier or name, and stop recording the person's faces in view.

        Raises:
            UnknownPersonError: if nothing is kept or in memory of the person.
            ErasureIncompleteError: if bytes are left in the files; :meth:`tick` tries again.
            DatabaseUnavailableError, DatabaseCorruptError: if the file fails.
        """
        try:
            person = self._store.find(reference)
        except UnknownPersonError:
            if reference not in self._faces.values():
                raise
            self._drop({reference})
            return Erased(0, 0)
        self._drop(self._store.identifiers(person))
        try:
            return self._store.forget(person)
        except ErasureIncompleteError:
            self._erasure_pending = True
            raise

    def close(self) -> None:
        """Write what is in memory, also incomplete intervals, and close; safe to call twice."""
        self._waiting += self._aggregator.take_all()
        if self._waiting:
            self._write(self._retry_time)
        self._store.close()

    def _register(self, identifier: str, now: float) -> None:
        try:
            self._store.register(identifier, math.floor(now))
        except DatabaseUnavailableError as error:
            # The first row registers it then.
            self._fail(error, now)
        except DatabaseCorruptError:
            self._reopen(now, damaged=True)
        else:
            self._known.add(identifier)

    def _keep_complete(self, now: float) -> None:
        complete = self._aggregator.take_complete(now)
        if complete:
            self._waiting += complete
            self._write(now)

    def _write(self, now: float) -> None:
        persons = {interval.person for interval in self._waiting}
        try:
            refused = self._store.write(self._waiting, persons - self._known)
        except DatabaseUnavailableError as error:
            self._fail(error, now)
            self._lost += max(len(self._waiting) - MAXIMUM_WAITING, 0)
            self._waiting = self._waiting[-MAXIMUM_WAITING:]
            return
        except DatabaseCorruptError:
            self._reopen(now, damaged=True)
            return
        self._failure = ""
        self._written += sum(interval.person not in refused for interval in self._waiting)
        self._waiting = []
        self._known |= persons
        self._drop(refused)

    def _try_again(self, now: float) -> None:
        """Do what failed earlier."""
        if not self._store.is_open:
            self._reopen(now)
        if self._waiting and self._store.is_open:
            self._write(now)
        if self._erasure_pending and self._store.is_open:
            try:
                self._store.finish_erasure()
            except (DatabaseUnavailableError, ErasureIncompleteError) as error:
                self._fail(error, now)
            else:
                self._erasure_pending = False
                self._failure = ""

    def _fail(self, error: MoodMemoryError, now: float) -> None:
        self._failure = str(error)
        self._retry_time = now + RETRY_SECONDS

    def _drop(self, identifiers: set[str]) -> None:
        """Forget in memory, and record the faces no more."""
        self._aggregator.discard(identifiers)
        self._waiting = [row for row in self._waiting if row.person not in identifiers]
        self._known -= identifiers
        for face_id in [face for face, person in self._faces.items() if person in identifiers]:
            del self._faces[face_id]
            self._excluded.add(face_id)

    def _reopen(self, now: float, *, damaged: bool = False) -> None:
        """Go on with the file that lies at the path now, or with a new one."""
        self._store.close()
        aside = None
        try:
            if damaged:
                aside = set_damaged_aside(self._path, now)
            self._store = MoodStore(self._path, create=True, now=now)
        except MoodMemoryError as error:
            self._fail(error, now)
        else:
            self._failure = ""
            self._retry_time = now
        self._set_aside = aside or self._store.set_aside or self._set_aside
        # This run has made nobody known to that file, so nobody missing there was forgotten.
        self._known = set()

    def _expire(self, now: float) -> Erased | None:
        try:
            return self._store.expire(self._policy, now)
        except (DatabaseUnavailableError, ErasureIncompleteError) as error:
            self._erasure_pending = True
            self._fail(error, now)
        except DatabaseCorruptError:
            self._reopen(now, damaged=True)
        return None


def _is_past(seen: float, now: float) -> bool:
    return abs(now - seen) > FACE_MEMORY_SECONDS
