"""What the node runs: from expressions of faces to rows, through everything that can go wrong."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from mood_rows import DAY, IDENTIFIERS, START, interval, sample

from emotion_core.memory.errors import (
    ConsentMissingError,
    ErasureIncompleteError,
    UnknownPersonError,
)
from emotion_core.memory.recorder import FACE_MEMORY_SECONDS, MAXIMUM_LAG_SECONDS, MoodRecorder
from emotion_core.memory.retention import RetentionPolicy
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.unit

A, B = IDENTIFIERS[:2]


@pytest.fixture
def identifiers() -> Callable[[], str]:
    return map(str, itertools.chain(IDENTIFIERS)).__next__


@pytest.fixture
def recorder(database_path: Path, identifiers: Callable[[], str]) -> MoodRecorder:
    return MoodRecorder(database_path, now=START, identifiers=identifiers)


def _watch(recorder: MoodRecorder, face: str, first: int, seconds: int) -> None:
    for time in range(first, first + seconds):
        recorder.observe(face, sample(time), time)
        recorder.tick(time)


def _rows(path: Path) -> dict[str, int]:
    store = MoodStore(path, create=False, now=START)
    found = {record.person.identifier: record.intervals for record in store.persons()}
    store.close()
    return found


def test_each_face_gets_a_row_a_minute_under_its_own_identifier(
    recorder: MoodRecorder, database_path: Path
) -> None:
    for time in range(START, START + 180):
        recorder.observe("f1", sample(time), time)
        recorder.observe("f2", sample(time), time)
    assert _rows(database_path) == {A: 2, B: 2}
    recorder.close()
    assert _rows(database_path) == {A: 3, B: 3}
    assert recorder.status.intervals_written == 6


def test_a_row_is_written_when_its_interval_ends_even_if_nobody_is_there(
    recorder: MoodRecorder, database_path: Path
) -> None:
    recorder.observe("f1", sample(START + 3), START + 3)
    recorder.tick(START + 59)
    assert _rows(database_path) == {A: 0}
    recorder.tick(START + 60)
    assert _rows(database_path) == {A: 1}
    recorder.close()


def test_the_identifier_says_nothing_about_the_face(database_path: Path) -> None:
    recorder = MoodRecorder(database_path, now=START)
    _watch(recorder, "f1", START, 1)
    first = recorder.person_of("f1")
    recorder.close()
    recorder = MoodRecorder(database_path, now=START)
    _watch(recorder, "f1", START, 1)
    assert recorder.person_of("f1") != first
    recorder.close()


def test_a_face_id_that_comes_back_after_long_is_somebody_else(recorder: MoodRecorder) -> None:
    _watch(recorder, "f1", START, 10)
    recorder.tick(START + 10 + FACE_MEMORY_SECONDS)
    with pytest.raises(UnknownPersonError):
        recorder.person_of("f1")
    _watch(recorder, "f1", START + 900, 10)
    assert recorder.person_of("f1") == B
    recorder.close()


def test_expressions_without_a_face_are_nobodys(
    recorder: MoodRecorder, database_path: Path
) -> None:
    recorder.observe("", sample(START), START)
    recorder.close()
    assert _rows(database_path) == {}
    assert recorder.status.samples_without_face == 1


@pytest.mark.parametrize("lag", [MAXIMUM_LAG_SECONDS + 1, -MAXIMUM_LAG_SECONDS - 1, START])
def test_replays_are_not_remembered(
    recorder: MoodRecorder, database_path: Path, lag: float
) -> None:
    with pytest.raises(ValueError, match="replays are not remembered"):
        recorder.observe("f1", sample(START - lag), START)
    recorder.close()
    assert _rows(database_path) == {}


def test_bad_samples_make_nobody(recorder: MoodRecorder, database_path: Path) -> None:
    with pytest.raises(ValueError, match="valence"):
        recorder.observe("f1", sample(START, valence=2.0), START)
    recorder.close()
    assert _rows(database_path) == {}


def test_forget_erases_also_what_is_not_written_yet_and_stops_recording_the_face(
    recorder: MoodRecorder, database_path: Path
) -> None:
    _watch(recorder, "f1", START, 90)
    _watch(recorder, "f2", START + 89, 1)
    assert recorder.forget(A).intervals == 1
    _watch(recorder, "f1", START + 90, 90)
    recorder.close()
    assert _rows(database_path) == {B: 1}
    assert A.encode() not in database_path.read_bytes()


def test_a_person_forgotten_by_another_program_does_not_come_back(
    recorder: MoodRecorder, database_path: Path
) -> None:
    _watch(recorder, "f1", START, 30)
    command = MoodStore(database_path, create=False, now=START)
    command.forget(command.find(A))
    command.close()
    _watch(recorder, "f1", START + 30, 300)
    recorder.close()
    assert _rows(database_path) == {}
    assert A.encode() not in database_path.read_bytes()


def test_forgetting_somebody_unknown_says_so(recorder: MoodRecorder) -> None:
    with pytest.raises(UnknownPersonError):
        recorder.forget("Anna")
    recorder.close()


def test_enrolment_of_a_face_in_view(recorder: MoodRecorder, database_path: Path) -> None:
    _watch(recorder, "f1", START, 10)
    with pytest.raises(ConsentMissingError):
        recorder.enrol(recorder.person_of("f1"), "Anna", consent=False, now=START + 10)
    person = recorder.enrol(recorder.person_of("f1"), "Anna", consent=True, now=START + 10)
    assert recorder.faces_of(person) == ["f1"]
    _watch(recorder, "f1", START + 10, 60)
    _watch(recorder, "f2", START + 70, 60)
    again = recorder.enrol(recorder.person_of("f2"), "Anna", consent=True, now=START + 100)
    assert recorder.faces_of(again) == ["f1", "f2"]
    _watch(recorder, "f2", START + 130, 60)
    recorder.close()
    assert _rows(database_path) == {A: 4}


def test_forgetting_by_name_stops_all_faces_of_the_person(recorder: MoodRecorder) -> None:
    for face in ("f1", "f2"):
        _watch(recorder, face, START, 10)
        recorder.enrol(recorder.person_of(face), "Anna", consent=True, now=START)
    recorder.forget("Anna")
    _watch(recorder, "f1", START + 10, 100)
    _watch(recorder, "f2", START + 10, 100)
    assert recorder.store.persons() == []
    assert recorder.status.faces == 0
    recorder.close()


def test_retention_is_enforced_at_the_start(database_path: Path) -> None:
    store = MoodStore(database_path, create=True, now=START)
    store.write([interval(A)], {A})
    store.close()
    MoodRecorder(database_path, now=START + 30 * DAY).close()
    assert _rows(database_path) == {A: 1}
    MoodRecorder(database_path, now=START + 30 * DAY + 1).close()
    assert _rows(database_path) == {}


def test_retention_is_enforced_daily_while_running(database_path: Path) -> None:
    policy = RetentionPolicy(anonymous_days=2)
    recorder = MoodRecorder(database_path, now=START, policy=policy)
    _watch(recorder, "f1", START, 120)
    erased = [recorder.tick(START + hour * 3600) for hour in range(1, 73)]
    assert [index + 1 for index, result in enumerate(erased) if result is not None] == [24, 48, 72]
    assert [result.intervals for result in erased if result is not None] == [0, 0, 2]
    recorder.close()
    assert _rows(database_path) == {}


def test_rows_wait_while_the_database_is_locked(
    recorder: MoodRecorder, database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder._store._database._connection.execute("PRAGMA busy_timeout = 10")
    _watch(recorder, "f1", START, 30)
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _watch(recorder, "f1", START + 30, 120)
    _watch(recorder, "f2", START + 150, 10)
    assert recorder.status.intervals_waiting == 2
    assert "locked" in recorder.status.failure
    other.execute("ROLLBACK")
    other.close()
    _watch(recorder, "f1", START + 160, 20)
    assert recorder.status.failure == ""
    assert recorder.status.intervals_waiting == 0
    recorder.close()
    assert _rows(database_path) == {A: 3, B: 1}


def test_the_oldest_rows_go_when_too_many_wait(
    recorder: MoodRecorder, database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion_core.memory.recorder.MAXIMUM_WAITING", 3)
    recorder._store._database._connection.execute("PRAGMA busy_timeout = 1")
    recorder.observe("f1", sample(START), START)
    other = sqlite3.connect(database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for minute in range(1, 6):
        recorder.observe("f1", sample(START + 60 * minute), START + 60 * minute)
    assert recorder.status.intervals_lost == 2
    other.close()
    recorder.close()
    store = MoodStore(database_path, create=False, now=START)
    starts = [row.start for row in store.intervals(store.find(A))]
    store.close()
    assert starts == [START + 60 * minute for minute in range(2, 6)]


def test_an_erasure_that_was_held_up_is_finished_by_a_later_tick(
    recorder: MoodRecorder, database_path: Path
) -> None:
    recorder._store._database._connection.execute("PRAGMA busy_timeout = 10")
    _watch(recorder, "f1", START, 61)
    reader = sqlite3.connect(database_path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM person").fetchone()
    with pytest.raises(ErasureIncompleteError):
        recorder.forget(A)
    recorder.tick(START + 70)
    assert "deleted bytes remain" in recorder.status.failure
    reader.close()
    recorder.tick(START + 100)
    assert recorder.status.failure == ""
    files = database_path.parent.iterdir()
    assert not any(A.encode() in file.read_bytes() for file in files)
    recorder.close()


def test_a_database_damaged_while_running_is_set_aside_and_recording_goes_on(
    recorder: MoodRecorder, database_path: Path
) -> None:
    _watch(recorder, "f1", START, 61)
    # What a failing card does: pages of the file are garbage under the open connection.
    recorder._store._database.fetch("PRAGMA wal_checkpoint(TRUNCATE)")
    content = database_path.read_bytes()
    with database_path.open("r+b") as file:
        file.write(b"\xff" * len(content))
    recorder._store._database._connection.execute("PRAGMA cache_size = 0")
    recorder._store._database._connection.execute("PRAGMA shrink_memory")
    _watch(recorder, "f1", START + 61, 120)
    assert recorder.status.set_aside is not None
    assert recorder.status.set_aside.exists()
    assert recorder.status.failure == ""
    recorder.close()
    assert sum(_rows(database_path).values()) >= 2


def test_a_database_deleted_while_running_is_begun_anew(
    recorder: MoodRecorder, database_path: Path
) -> None:
    _watch(recorder, "f1", START, 61)
    for file in database_path.parent.iterdir():
        file.unlink()
    _watch(recorder, "f1", START + 61, 120)
    recorder.close()
    assert sum(_rows(database_path).values()) >= 2


def test_a_folder_that_vanished_is_reported_and_made_again(
    recorder: MoodRecorder, database_path: Path
) -> None:
    _watch(recorder, "f1", START, 30)
    for file in database_path.parent.iterdir():
        file.unlink()
    database_path.parent.rmdir()
    database_path.parent.write_text("in the way")
    _watch(recorder, "f1", START + 30, 60)
    assert str(database_path.parent) in recorder.status.failure
    database_path.parent.unlink()
    _watch(recorder, "f1", START + 90, 60)
    assert recorder.status.failure == ""
    recorder.close()
    assert _rows(database_path) == {A: 3}
