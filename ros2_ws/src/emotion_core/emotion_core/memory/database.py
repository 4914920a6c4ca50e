"""The database file: opening, damage, durability, and erasing bytes for good."""

from __future__ import annotations

import datetime
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import platformdirs

from emotion_core.memory.errors import (
    DatabaseCorruptError,
    DatabaseUnavailableError,
    ErasureIncompleteError,
)
from emotion_core.memory.schema import TABLES, add_functions, migrate, require_ours

LOCK_TIMEOUT_SECONDS: Final = 5.0
"""How long a command waits for another process before it gives up."""

_DAMAGED: Final = ".damaged-"
_COMPANIONS: Final = ("", "-wal", "-shm")

Values = tuple[object, ...] | Mapping[str, object]


def default_database_path() -> Path:
    """Return where the mood memory lies unless a parameter says otherwise; creates nothing."""
    return Path(platformdirs.user_data_path("emotion_bot")) / "mood.sqlite3"


class Database:
    """An open database with all tables of the present version.

    Every commit is on the disk when it returns (``synchronous=FULL``): with ``NORMAL`` a power
    loss could take back everything since the last checkpoint of the write-ahead log, which is
    hours of rows.

    Attributes:
        path: of the file.
        set_aside: where a damaged file was moved on opening; None when there was none.
    """

    def __init__(self, path: Path, *, create: bool, now: float) -> None:
        """Open the database and bring its tables to the present version.

        Args:
            path: of the file. A folder that is missing is created for its owner only; the file is
                readable by its owner only.
            create: make a new database when there is none, and set a damaged one aside. Without
                it both are errors and nothing is created.
            now: seconds since the Unix epoch, for the name of a file set aside.

        Raises:
            DatabaseUnavailableError: if the file is missing (without ``create``), locked, or
                cannot be read and written.
            DatabaseCorruptError: if it is damaged (without ``create``).
            DatabaseVersionError: if a newer program wrote it.
            ForeignDatabaseError: if another program wrote it.
        """
        self.path = path
        self.set_aside: Path | None = None
        self._is_open = True
        if not create:
            with _translated(path):
                if not path.is_file():
                    raise DatabaseUnavailableError(f"there is no mood memory at {path}")
            self._connection = _connect(path, create=False)
        else:
            _prepare_folder(path.parent)
            try:
                self._connection = _connect(path, create=True)
            except DatabaseCorruptError:
                self.set_aside = set_damaged_aside(path, now)
                self._connection = _connect(path, create=True)
        with self._translated():
            self._file = _identity(path)

    def execute(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement.

        Raises:
            DatabaseUnavailableError: if the file is locked, full or cannot be accessed.
            DatabaseCorruptError: if it is damaged.
        """
        with self._translated():
            return self._connection.execute(statement, values)

    def fetch(self, statement: str, values: Values = ()) -> list[Any]:
        """Run one statement and return its rows; raises as :meth:`execute` does."""
        with self._translated():
            return self._connection.execute(statement, values).fetchall()

    def iterate(self, statement: str, values: Values = ()) -> Iterator[Any]:
        """Run one statement and yield its rows; raises as :meth:`execute` does."""
        with self._translated():
            yield from self._connection.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside all or nothing, and durable when it ends.

        Raises:
            DatabaseUnavailableError: if the file is locked, full or cannot be accessed.
            DatabaseCorruptError: if it is damaged.
        """
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after a full disk or an input/output error.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def request_erasure(self) -> None:
        """Note, inside the transaction that deletes, that bytes are left to be erased.

        The note outlives a power loss between the deletion and :meth:`erase_remains`.
        """
        self.execute("INSERT OR IGNORE INTO erasure_due VALUES (1)")

    @property
    def erasure_due(self) -> bool:
        """Whether bytes of deleted rows may still lie in the files."""
        return bool(self.fetch("SELECT id FROM erasure_due"))

    def erase_remains(self) -> None:
        """Rewrite the file without the free space that deleted rows left, and empty the log.

        Raises:
            ErasureIncompleteError: if another process held the database; to be tried again.
        """
        try:
            self.execute("VACUUM")
            self._empty_log()
            self.execute("DELETE FROM erasure_due")
        except DatabaseUnavailableError as error:
            raise ErasureIncompleteError(
                f"rows are deleted, but their bytes could not be erased yet: {error}"
            ) from error

    def damaged_copies(self) -> list[Path]:
        """Return the files that were set aside because they were damaged, by age."""
        prefix = self.path.name + _DAMAGED
        return sorted(file for file in self.path.parent.iterdir() if file.name.startswith(prefix))

    def size_bytes(self) -> int:
        """Return the size of the database and its log, without damaged copies."""
        files = [Path(f"{self.path}{suffix}") for suffix in _COMPANIONS]
        return sum(file.stat().st_size for file in files if file.is_file())

    @property
    def file_is_gone(self) -> bool:
        """Whether the file was deleted or replaced under the open connection."""
        try:
            return _identity(self.path) != self._file
        except OSError:
            return True

    @property
    def is_open(self) -> bool:
        """Whether :meth:`close` has not been called."""
        return self._is_open

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._is_open = False
        self._connection.close()

    def _empty_log(self) -> None:
        busy, _, _ = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise ErasureIncompleteError(
                f"{self.path}: another program is reading; deleted bytes remain in its log"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if not self._is_open:
            raise DatabaseUnavailableError(f"{self.path} is closed")
        with _translated(self.path):
            yield


def set_damaged_aside(path: Path, now: float) -> Path:
    """Move a database that no connection has open out of the way; return where it went.

    Raises:
        DatabaseUnavailableError: if the files cannot be renamed.
    """
    stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    target = Path(f"{path}{_DAMAGED}{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = Path(f"{path}{_DAMAGED}{stamp}-{number}")
    with _translated(path):
        # The log goes first: left alone beside a new file, SQLite would delete it.
        for suffix in reversed(_COMPANIONS):
            file = Path(f"{path}{suffix}")
            if file.exists():
                file.rename(f"{target}{suffix}")
    return target


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailableError(f"{path}: {error}") from error
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        # The base class itself is what Python raises for SQLITE_CORRUPT and SQLITE_NOTADB.
        if type(error) is sqlite3.DatabaseError:
            raise DatabaseCorruptError(f"{path} is damaged: {error}") from error
        raise
    except OSError as error:
        raise DatabaseUnavailableError(f"{path}: {error.strerror}") from error


def _connect(path: Path, *, create: bool) -> sqlite3.Connection:
    with _translated(path):
        if create:
            _create_private(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=LOCK_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            add_functions(connection)
            require_ours(connection)
            _use_write_ahead_log(connection, path)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            # Otherwise VACUUM writes everybody's rows to a file in the public /var/tmp.
            connection.execute("PRAGMA temp_store = MEMORY")
            if create:
                _require_sound(connection, path)
            migrate(connection)
            _require_tables(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise DatabaseUnavailableError(
            f"{path}: the file system has no shared memory for a write-ahead log; "
            "choose a path on a local disk"
        )


def _require_sound(connection: sqlite3.Connection, path: Path) -> None:
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise DatabaseCorruptError(f"{path} is damaged: {result}")


def _require_tables(connection: sqlite3.Connection, path: Path) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    if missing := TABLES - {name for (name,) in tables}:
        raise DatabaseCorruptError(f"{path} is damaged: it lacks {', '.join(sorted(missing))}")


def _prepare_folder(folder: Path) -> None:
    with _translated(folder):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
        elif folder == default_database_path().parent:
            # Any other folder that was there before may be shared with others on purpose.
            folder.chmod(0o700)


def _create_private(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    for suffix in _COMPANIONS:
        file = Path(f"{path}{suffix}")
        if file.exists():
            file.chmod(0o600)
