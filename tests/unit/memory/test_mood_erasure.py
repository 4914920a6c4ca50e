"""A forgotten person is in no file any more, and nothing outlives its time."""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from mood_rows import DAY, IDENTIFIERS, START, interval, random_interval

from emotion_core.memory import erasure
from emotion_core.memory.records import MoodInterval
from emotion_core.memory.retention import Daily, RetentionPolicy
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.unit

ANNA, ALIAS, OTHER = IDENTIFIERS[:3]
NAME = "Änna 🙂 O'Brien"


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def _found(folder: Path, needles: list[bytes]) -> set[tuple[str, bytes]]:
    return {
        (name, needle)
        for name, content in _files(folder).items()
        for needle in needles
        if needle in content
    }


def _traces(rows: list[MoodInterval]) -> list[bytes]:
    """Return the byte patterns by which a person could be found in a file."""
    texts = [NAME, ANNA, ALIAS]
    encoded = [text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be")]
    # SQLite stores a REAL as a big-endian double: a random mean is a fingerprint of its row.
    return encoded + [struct.pack(">d", row.means[0]) for row in rows]


def _two_people(store: MoodStore, count: int = 800) -> tuple[list[MoodInterval], list[bytes]]:
    """Write rows of a person with two identifiers and of another, mixed; return what must stay."""
    random = np.random.default_rng(7)
    hers, others = [], []
    for number in range(count):
        start = START + 60 * number
        identifier = ANNA if number < count // 2 else ALIAS
        hers.append(random_interval(identifier, start, random))
        others.append(random_interval(OTHER, start, random))
        if number % 100 == 99:
            batch = [row for pair in zip(hers[-100:], others[-100:], strict=True) for row in pair]
            store.write(batch, {ANNA, ALIAS, OTHER})
        if number == 150:
            store.enrol(ANNA, "Former Name", consent=True, now=START)
            store.enrol(ANNA, NAME, consent=True, now=START)
    store.enrol(ALIAS, NAME, consent=True, now=START)
    return others, _traces(hers)


def test_forget_leaves_no_trace_in_any_file(store: MoodStore) -> None:
    others, traces = _two_people(store)
    folder = store.path.parent
    # The search is able to find her: otherwise finding nothing later would say nothing.
    present = {needle for _, needle in _found(folder, traces)}
    assert {NAME.encode(), ANNA.encode(), ALIAS.encode()} <= present
    assert len(present) > len(traces) // 2

    erased = store.forget(store.find(NAME))

    assert (erased.intervals, erased.damaged_copies) == (800, 0)
    assert _found(folder, traces) == set()
    assert set(_files(folder)) == {f"mood.sqlite3{suffix}" for suffix in ("", "-wal", "-shm")}
    assert list(store.intervals(store.find(OTHER))) == others
    store.close()
    assert _found(folder, traces) == set()


def test_forget_leaves_no_trace_of_a_person_whose_rows_are_still_in_the_log(
    store: MoodStore,
) -> None:
    row = random_interval(ANNA, START, np.random.default_rng(1))
    store.write([row, interval(OTHER)], {ANNA, OTHER})
    traces = _traces([row])
    log = Path(f"{store.path}-wal").read_bytes()
    assert ANNA.encode() in log
    assert struct.pack(">d", row.means[0]) in log
    store.forget(store.find(ANNA))
    assert _found(store.path.parent, traces) == set()


def test_a_former_name_leaves_no_trace(store: MoodStore) -> None:
    store.write([interval(ANNA)], {ANNA})
    store.enrol(ANNA, "Former Name", consent=True, now=START)
    assert _found(store.path.parent, [b"Former Name"])
    store.enrol(ANNA, NAME, consent=True, now=START)
    assert _found(store.path.parent, [b"Former Name"]) == set()


def test_a_power_loss_between_deleting_and_erasing_is_made_up_for_at_the_next_start(
    database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MoodStore(database_path, create=True, now=START)
    _, traces = _two_people(store)
    monkeypatch.setattr(erasure, "finish", Mock())
    store.forget(store.find(NAME))
    assert _found(database_path.parent, traces)
    # The files as they lie there, without the tidying that closing does.
    after = database_path.parent.with_name("after")
    after.mkdir()
    for name, content in _files(database_path.parent).items():
        if not name.endswith("-shm"):
            (after / name).write_bytes(content)
    store.close()
    monkeypatch.undo()
    restarted = MoodStore(after / database_path.name, create=True, now=START)
    restarted.expire(RetentionPolicy(), START)
    assert _found(after, traces) == set()
    assert len(restarted.persons()) == 1
    restarted.close()


def test_forget_deletes_damaged_copies_because_the_person_may_be_in_them(
    database_path: Path,
) -> None:
    store = MoodStore(database_path, create=True, now=START)
    _, traces = _two_people(store)
    store.close()
    content = database_path.read_bytes()
    database_path.write_bytes(content[:100] + bytes(4000) + content[4100:])
    store = MoodStore(database_path, create=True, now=START)
    assert store.kept().damaged_copies == 1
    assert _found(database_path.parent, traces)
    store.write([interval(ANNA)], {ANNA})
    assert store.forget(store.find(ANNA)).damaged_copies == 1
    assert _found(database_path.parent, traces) == set()
    store.close()


def test_forget_everybody_empties_the_memory(store: MoodStore) -> None:
    others, traces = _two_people(store, 200)
    assert store.forget_everybody().intervals == 400
    assert _found(store.path.parent, [*traces, OTHER.encode(), *_traces(others)]) == set()
    assert store.persons() == []
    store.write([interval(ANNA)], {ANNA})
    assert len(store.persons()) == 1


POLICY = RetentionPolicy(anonymous_days=30, enrolled_days=365)


def test_rows_go_when_their_time_is_over_and_not_before(store: MoodStore) -> None:
    rows = [interval(ANNA, START + DAY * day) for day in range(40)]
    store.write(rows, {ANNA})
    assert store.expire(POLICY, START + 30 * DAY).intervals == 0
    assert store.expire(POLICY, START + 30 * DAY + 1).intervals == 1
    assert store.expire(POLICY, START + 35 * DAY).intervals == 4
    kept = store.record(store.find(ANNA))
    assert kept.intervals == 35
    assert kept.person.first_seen == START + 5 * DAY
    assert store.rows(kept.person).start[0] == START + 5 * DAY


def test_at_no_time_is_anything_older_than_allowed(store: MoodStore) -> None:
    start = START // 900 * 900 + 420
    store.write([interval(ANNA, start + 60 * n) for n in range(60)], {ANNA})
    for minute in range(0, 61, 7):
        now = start + 60 * minute + 30 * DAY
        store.expire(POLICY, now)
        kept = [row.start for record in store.persons() for row in store.intervals(record.person)]
        assert all(begin >= now - 30 * DAY for begin in kept)
        # At most the rest of a quarter of an hour goes early.
        assert len(kept) >= math.floor((60 - minute) / 15) * 15 - 15


def test_an_anonymous_person_goes_with_the_last_row_and_leaves_no_trace(store: MoodStore) -> None:
    row = random_interval(ANNA, START, np.random.default_rng(2))
    store.write([row, interval(OTHER, START + 20 * DAY)], {ANNA, OTHER})
    assert _found(store.path.parent, _traces([row]))
    store.expire(POLICY, START + 31 * DAY)
    assert [record.person.identifier for record in store.persons()] == [OTHER]
    assert _found(store.path.parent, _traces([row])) == set()


def test_the_enrolled_are_kept_as_long_as_they_agreed(store: MoodStore) -> None:
    store.write([interval(ANNA), interval(OTHER)], {ANNA, OTHER})
    store.enrol(ANNA, NAME, consent=True, now=START)
    store.expire(POLICY, START + 364 * DAY)
    assert [record.person.name for record in store.persons()] == [NAME]
    store.expire(POLICY, START + 366 * DAY)
    assert store.persons() == []
    assert _found(store.path.parent, [NAME.encode(), ANNA.encode()]) == set()


def test_somebody_seen_just_now_stays_without_rows(store: MoodStore) -> None:
    store.register(ANNA, START)
    store.expire(POLICY, START + 29 * DAY)
    assert store.find(ANNA).identifier == ANNA
    store.expire(POLICY, START + 31 * DAY)
    assert store.persons() == []


def test_joined_identifiers_go_too(store: MoodStore) -> None:
    store.write([interval(ANNA), interval(ALIAS), interval(ANNA, START + 50 * DAY)], {ANNA, ALIAS})
    store.enrol(ANNA, NAME, consent=True, now=START)
    store.enrol(ALIAS, NAME, consent=True, now=START)
    store.expire(POLICY, START + 60 * DAY)
    assert store.identifiers(store.find(NAME)) == {ANNA}


def test_damaged_copies_are_deleted_after_the_time_for_anonymous_persons(
    database_path: Path,
) -> None:
    database_path.parent.mkdir()
    database_path.write_bytes(b"damaged")
    store = MoodStore(database_path, create=True, now=START)
    assert store.set_aside is not None
    os.utime(store.set_aside, (START, START))
    assert store.expire(POLICY, START + 29 * DAY).damaged_copies == 0
    assert store.set_aside.exists()
    assert store.expire(POLICY, START + 31 * DAY).damaged_copies == 1
    assert not store.set_aside.exists()
    store.close()


@pytest.mark.parametrize("days", [{"anonymous_days": 0}, {"enrolled_days": -1}])
def test_a_policy_of_no_days_is_refused(days: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RetentionPolicy(**days)


def test_daily_is_due_once_a_day_and_when_the_clock_is_set_back() -> None:
    daily = Daily(START)
    assert [daily.is_due(START + hours * 3600) for hours in (1, 23, 24, 25, 47, 48)] == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert daily.is_due(START)
    assert not daily.is_due(START + 3600)
