"""A process that keeps moods until it is killed.

As a program: `python mood_writer.py DATABASE START SYNCHRONOUS STEPS`.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mood_rows import IDENTIFIERS, START, sample

from emotion_core.memory.database import Database
from emotion_core.memory.recorder import MoodRecorder
from emotion_core.memory.store import MoodStore

STEP = 10
"""Seconds between samples of the person."""

SAMPLES_PER_INTERVAL = 60 // STEP

SHIPPED = "shipped"
"""In place of a setting of SQLite's `synchronous`: the one that the store sets itself."""

FORGET_EVERY = 40
"""Samples between two erasures of another person, which rewrite the whole file."""


def write_forever(
    path: Path,
    start: int,
    report: Callable[[int], object],
    *,
    identifier: str = IDENTIFIERS[0],
    synchronous: str | None = None,
    steps: int | None = None,
) -> None:
    """Observe a face with a clock that goes from sample to sample; report each time when done."""
    others = (f"person-{number:012x}" for number in itertools.count(start))
    identifiers = itertools.chain([identifier], others)
    recorder = MoodRecorder(path, now=start, identifiers=identifiers.__next__)
    if synchronous is not None:
        recorder._store._database.execute(f"PRAGMA synchronous = {synchronous}")
    for number in itertools.count() if steps is None else range(steps):
        time = start + STEP * number
        recorder.observe("f1", sample(time), time)
        recorder.observe(f"f{2 + number // FORGET_EVERY}", sample(time), time)
        report(time)
        if number % FORGET_EVERY == FORGET_EVERY - 1:
            recorder.forget(recorder.person_of(f"f{2 + number // FORGET_EVERY}"))


def samples_by_start(path: Path, identifier: str) -> dict[int, int]:
    """Open the database as the robot does at a start; return samples by start of interval."""
    store = MoodStore(path, create=True, now=START)
    assert store.set_aside is None, "the database was lost"
    persons = {record.person.identifier: record.person for record in store.persons()}
    rows = {}
    if identifier in persons:
        rows = {row.start: row.samples for row in store.intervals(persons[identifier])}
        assert store.rows(persons[identifier]).samples.sum() == sum(rows.values())
    store.close()
    database = Database(path, create=False, now=START)
    assert database.fetch("PRAGMA integrity_check") == [("ok",)]
    database.close()
    return rows


def lost_samples(rows: dict[int, int], start: int, reported: int) -> int:
    """Return how many samples of those reported as taken are not in the rows."""
    taken = range(start, reported + 1, STEP)
    kept = sum(samples for begin, samples in rows.items() if begin <= reported)
    return len(taken) - kept


def main() -> None:
    """Run as a program, reporting into the file `reported` beside the database."""
    path, start, synchronous, steps = sys.argv[1:]
    with Path(path).with_name("reported").open("wb", buffering=0) as file:
        write_forever(
            Path(path),
            int(start),
            lambda time: file.write(time.to_bytes(8, "big")),
            synchronous=None if synchronous == SHIPPED else synchronous,
            steps=int(steps),
        )
        # Without closing anything, as in a power loss.
        os._exit(0)


if __name__ == "__main__":
    main()
