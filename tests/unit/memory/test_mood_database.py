"""The file: permissions, damage, and what other programs do to it."""

from __future__ import annotations

import os
import sqlite3
import stat
import struct
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from mood_rows import IDENTIFIERS, START, interval, random_interval

from emotion_core.memory.database import Database, default_database_path
from emotion_core.memory.errors import (
    DatabaseCorruptError,
    DatabaseUnavailableError,
    ErasureIncompleteError,
)
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.unit


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _filled(path: Path, rows: int = 300) -> None:
    store = MoodStore(path, create=True, now=START)
    store.write([interval(start=START + 60 * n) for n in range(rows)], {IDENTIFIERS[0]})
    store.close()


def test_all_files_are_for_the_owner_only(database_path: Path) -> None:
    previous = os.umask(0)
    try:
        store = MoodStore(database_path, create=True, now=START)
        store.write([interval()], {IDENTIFIERS[0]})
        files = sorted(database_path.parent.iterdir())
        assert [file.name for file in files] == [
            f"mood.sqlite3{suffix}" for suffix in ("", "-shm", "-wal")
        ]
        assert {_mode(file) for file in files} == {0o600}
        assert _mode(database_path.parent) == 0o700
        store.close()
    finally:
        os.umask(previous)


def test_permissions_that_are_too_wide_are_narrowed_but_not_those_of_a_shared_folder(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "mood.sqlite3"
    _filled(path)
    path.chmod(0o644)
    MoodStore(path, create=True, now=START).close()
    assert _mode(path) == 0o600
    assert _mode(tmp_path) == 0o755


def test_the_default_folder_is_narrowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "emotion_bot"
    folder.mkdir(mode=0o755)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    assert default_database_path() == folder / "mood.sqlite3"
    MoodStore(default_database_path(), create=True, now=START).close()
    assert _mode(folder) == 0o700


def test_commits_are_durable_and_deletions_overwrite(database_path: Path) -> None:
    database = Database(database_path, create=True, now=START)
    settings = {
        name: database.fetch(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "temp_store")
    }
    database.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "temp_store": 2,
    }


def _overwrite_everything(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))


def _overwrite_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096] = bytes(len(content) - 8192)
    path.write_bytes(content)


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _text(path: Path) -> None:
    path.write_text("this is not a database, but somebody may need it")


def _lose_a_table(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE quarter_hour")
    connection.close()


@pytest.mark.parametrize(
    "damage", [_overwrite_everything, _overwrite_the_middle, _cut_off, _text, _lose_a_table]
)
def test_a_damaged_file_is_set_aside_whole_and_a_new_one_started(
    database_path: Path, damage: object
) -> None:
    _filled(database_path)
    damage(database_path)  # type: ignore[operator]
    remains = database_path.read_bytes()
    store = MoodStore(database_path, create=True, now=START)
    assert store.set_aside is not None
    assert store.set_aside.name == "mood.sqlite3.damaged-20250615T151500Z"
    assert store.set_aside.read_bytes() == remains
    assert store.persons() == []
    store.write([interval()], {IDENTIFIERS[0]})
    store.close()
    again = MoodStore(database_path, create=True, now=START)
    assert again.set_aside is None
    assert len(again.persons()) == 1
    again.close()


def test_two_damaged_files_in_one_second_do_not_replace_each_other(database_path: Path) -> None:
    asides = set()
    for content in (b"first", b"second"):
        database_path.parent.mkdir(exist_ok=True)
        database_path.write_bytes(content)
        store = MoodStore(database_path, create=True, now=START)
        assert store.set_aside is not None
        assert store.set_aside.read_bytes() == content
        asides.add(store.set_aside)
        store.close()
    assert len(asides) == 2


def test_rows_in_the_log_of_a_damaged_file_are_not_lost(database_path: Path) -> None:
    _filled(database_path)
    store = MoodStore(database_path, create=True, now=START)
    row = random_interval(IDENTIFIERS[0], START - 60, np.random.default_rng(4))
    store.write([row])
    log = Path(f"{database_path}-wal")
    logged = log.read_bytes()
    store.close()
    _overwrite_everything(database_path)
    log.write_bytes(logged)
    store = MoodStore(database_path, create=True, now=START)
    assert store.set_aside is not None
    aside = [
        file.read_bytes()
        for file in database_path.parent.iterdir()
        if file.name.startswith(store.set_aside.name)
    ]
    assert any(struct.pack(">d", row.means[0]) in content for content in aside)
    store.close()


def test_a_command_neither_creates_nor_sets_aside(database_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="no mood memory at"):
        MoodStore(database_path, create=False, now=START)
    assert not database_path.parent.exists()
    database_path.parent.mkdir()
    database_path.write_bytes(b"no database, only text of some length")
    with pytest.raises(DatabaseCorruptError, match="damaged"):
        MoodStore(database_path, create=False, now=START)
    assert [file.name for file in database_path.parent.iterdir()] == ["mood.sqlite3"]


def test_a_path_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match=str(tmp_path)):
        MoodStore(tmp_path, create=True, now=START)
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnavailableError, match="file"):
        MoodStore(tmp_path / "file" / "mood.sqlite3", create=True, now=START)


@pytest.mark.parametrize("name", ["mood %41?x#y.sqlite3", "Stimmung 🙂.sqlite3"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    store = MoodStore(tmp_path / name, create=True, now=START)
    store.write([interval()], {IDENTIFIERS[0]})
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_deleted_or_replaced_under_the_program_is_noticed(database_path: Path) -> None:
    store = MoodStore(database_path, create=True, now=START)
    assert not store.file_is_gone
    database_path.unlink()
    assert store.file_is_gone
    database_path.write_bytes(b"")
    assert store.file_is_gone
    store.close()


def test_a_locked_database_is_reported_and_loses_nothing(
    database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion_core.memory.database.LOCK_TIMEOUT_SECONDS", 0.01)
    store = MoodStore(database_path, create=True, now=START)
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailableError, match="locked"):
        store.write([interval()], {IDENTIFIERS[0]})
    other.execute("ROLLBACK")
    other.close()
    store.write([interval()], {IDENTIFIERS[0]})
    assert len(store.persons()) == 1
    store.close()


def test_erasure_held_up_by_a_reader_is_reported_remembered_and_finished_later(
    database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion_core.memory.database.LOCK_TIMEOUT_SECONDS", 0.01)
    _filled(database_path)
    store = MoodStore(database_path, create=True, now=START)
    reader = sqlite3.connect(database_path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM mood_interval").fetchone()
    with pytest.raises(ErasureIncompleteError):
        store.forget(store.find(IDENTIFIERS[0]))
    assert store.persons() == []
    reader.close()
    store.close()
    database = Database(database_path, create=True, now=START)
    assert database.erasure_due
    database.erase_remains()
    assert not database.erasure_due
    database.close()


def test_a_full_disk_is_reported_and_the_database_stays_usable(database_path: Path) -> None:
    _filled(database_path, rows=1)
    store = MoodStore(database_path, create=True, now=START)
    pages = store._database.fetch("PRAGMA page_count")[0][0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    many = [interval(start=START + 60 * n) for n in range(1, 2000)]
    with pytest.raises(DatabaseUnavailableError, match="full"):
        store.write(many)
    assert store.record(store.find(IDENTIFIERS[0])).intervals == 1
    store._database.execute("PRAGMA max_page_count = 1000000")
    store.write(many)
    assert store.record(store.find(IDENTIFIERS[0])).intervals == 2000
    store.close()


def test_a_closed_store_says_so(store: MoodStore) -> None:
    store.close()
    store.close()
    with pytest.raises(DatabaseUnavailableError, match="closed"):
        store.persons()
