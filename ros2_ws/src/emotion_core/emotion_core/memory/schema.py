"""The database's tables and how older ones become the present ones.

A new database is made by running all migrations, so there is one description of the tables. A
migration that has been released is never edited; a change is a further migration.
"""

from __future__ import annotations

import sqlite3
import struct
from typing import Final

from emotion_core.memory.errors import DatabaseVersionError, ForeignDatabaseError

APPLICATION_ID: Final = 0x656D6F74
"""Marks the file as ours in SQLite's header ("emot")."""

_INTERVALS: Final = (
    """
    CREATE TABLE person (
        id INTEGER PRIMARY KEY,
        identifier TEXT NOT NULL UNIQUE,
        name TEXT UNIQUE,
        consent_time REAL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        CHECK ((name IS NULL) = (consent_time IS NULL))
    ) STRICT
    """,
    """
    CREATE TABLE mood_interval (
        person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        start_time INTEGER NOT NULL,
        end_time INTEGER NOT NULL CHECK (end_time > start_time),
        samples INTEGER NOT NULL CHECK (samples > 0),
        neutral REAL NOT NULL,
        happy REAL NOT NULL,
        sad REAL NOT NULL,
        angry REAL NOT NULL,
        fear REAL NOT NULL,
        disgust REAL NOT NULL,
        surprise REAL NOT NULL,
        valence REAL NOT NULL CHECK (valence BETWEEN -1 AND 1),
        arousal REAL NOT NULL CHECK (arousal BETWEEN -1 AND 1),
        confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
        face REAL NOT NULL,
        voice REAL NOT NULL,
        text REAL NOT NULL,
        PRIMARY KEY (person, start_time)
    ) STRICT, WITHOUT ROWID
    """,
    # One row while deleted bytes may still lie in the files.
    "CREATE TABLE erasure_due (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT",
)

_QUARTER_HOURS: Final = (
    # The means are one value of 13 doubles: reading a year is three times as fast as by columns.
    """
    CREATE TABLE quarter_hour (
        person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        start_time INTEGER NOT NULL,
        observed INTEGER NOT NULL,
        samples INTEGER NOT NULL,
        means BLOB NOT NULL CHECK (length(means) = 104),
        PRIMARY KEY (person, start_time)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO quarter_hour
    SELECT person, start_time / 900 * 900, sum(end_time - start_time), sum(samples),
        packed_means(samples, neutral, happy, sad, angry, fear, disgust, surprise,
            valence, arousal, confidence, face, voice, text)
    FROM mood_interval GROUP BY person, start_time / 900
    """,
)

_ALIASES: Final = (
    # Identifiers of the present run whose person was joined with an enrolled one.
    """
    CREATE TABLE alias (
        identifier TEXT PRIMARY KEY,
        person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX alias_person ON alias (person)",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_INTERVALS, _QUARTER_HOURS, _ALIASES)
"""Entry k leads from version k to version k + 1."""

SCHEMA_VERSION: Final = len(MIGRATIONS)

TABLES: Final = frozenset({"person", "mood_interval", "erasure_due", "quarter_hour", "alias"})


class PackedMeans:
    """SQL aggregate ``packed_means(samples, mean, ...)``: means weighted by samples.

    The result is a BLOB of little-endian doubles.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._sums: list[float] = []

    def step(self, samples: int, *means: float) -> None:
        """Take a row."""
        sums = self._sums or [0.0] * len(means)
        self._samples += samples
        self._sums = [total + samples * mean for total, mean in zip(sums, means, strict=True)]

    def finalize(self) -> bytes | None:
        """Return the packed means, NULL without rows."""
        if not self._samples:
            return None
        means = [total / self._samples for total in self._sums]
        return struct.pack(f"<{len(means)}d", *means)


def add_functions(connection: sqlite3.Connection) -> None:
    """Make the functions known that migrations and statements call."""
    connection.create_aggregate("packed_means", -1, PackedMeans)  # type: ignore[arg-type]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to ``SCHEMA_VERSION``, each step all or nothing.

    Args:
        connection: in autocommit mode, after :func:`add_functions`.

    Raises:
        ForeignDatabaseError: if the tables are another program's.
        DatabaseVersionError: if they are newer than this program.
        sqlite3.Error: if the database cannot be read or written.
    """
    require_ours(connection)
    while _version(connection) < SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read again under the lock: another process may have been faster.
            version = _version(connection)
            if version < SCHEMA_VERSION:
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def require_ours(connection: sqlite3.Connection) -> None:
    """Check, without changing anything, that the tables are ours and not newer.

    Raises:
        ForeignDatabaseError: if the tables are another program's.
        DatabaseVersionError: if they are newer than this program.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application_id != APPLICATION_ID and (tables or application_id):
        raise ForeignDatabaseError(
            "the file is an SQLite database of another program; choose another path"
        )
    version = _version(connection)
    if version > SCHEMA_VERSION:
        raise DatabaseVersionError(
            f"the database has version {version}, this program knows versions up to "
            f"{SCHEMA_VERSION}: update emotion_bot or choose another path"
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
