"""A power loss at any moment costs at most one interval and never the database."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import pytest
from emotion_core.memory.database import Database
from emotion_core.memory.store import MoodStore
from mood_disk import Operation, read_operations, state_after_power_loss
from mood_rows import IDENTIFIERS, START
from mood_writer import STEP, write_forever

pytestmark = pytest.mark.unit

MOMENTS = 100
INTERVAL = 60
SAMPLES = INTERVAL // STEP


@pytest.fixture
def random() -> Random:
    """Random moments, other ones in each run; the seed is printed with a failure."""
    seed = int(os.environ.get("EMOTION_BOT_TEST_SEED") or secrets.randbits(32))
    print(f"EMOTION_BOT_TEST_SEED={seed}")  # noqa: T201
    return Random(seed)


def _rows(path: Path, identifier: str) -> dict[int, int]:
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


def _lost_samples(rows: dict[int, int], start: int, reported: int) -> int:
    """Return how many samples of those reported as taken are not in the rows."""
    taken = range(start, reported + 1, STEP)
    kept = sum(samples for begin, samples in rows.items() if begin <= reported)
    return len(taken) - kept


def _report_to(connection: Connection, path: Path, start: int, identifier: str) -> None:
    write_forever(path, start, connection.send, identifier=identifier)


@pytest.mark.slow
def test_killed_at_100_random_moments(database_path: Path, random: Random) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["emotion_core.memory.recorder"])
    start = START
    kept: dict[str, dict[int, int]] = {}
    for moment in range(MOMENTS):
        identifier = f"person-{secrets.token_hex(6)}"
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_report_to, args=(sender, database_path, start, identifier)
        )
        process.start()
        sender.close()
        reported = None
        # Some are killed while they open the database or write their first row.
        for _ in range(random.choice([0, random.randrange(20), random.randrange(100)])):
            reported = receiver.recv()
        receiver.poll(random.random() * 0.003)
        process.kill()
        process.join()
        with contextlib.suppress(EOFError):
            while receiver.poll():
                reported = receiver.recv()
        rows = _rows(database_path, identifier)
        if reported is not None:
            assert _lost_samples(rows, start, reported) <= SAMPLES, f"moment {moment}"
        for earlier, expected in kept.items():
            assert _rows(database_path, earlier) == expected, f"moment {moment}"
        kept = {identifier: rows}
        start = (start if reported is None else reported) // 900 * 900 + 900


@pytest.fixture(scope="module")
def recorder_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: what the disk holds after a power loss cannot be recorded")
    library = tmp_path_factory.mktemp("recorder") / "record_writes.so"
    source = Path(__file__).with_name("record_writes.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source],
        check=True,
    )
    return library


@functools.cache
def _recorded(library: Path, folder: Path, synchronous: str) -> list[Operation]:
    (folder / "disk").mkdir(parents=True)
    subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("mood_writer.py"),
            folder / "disk" / "mood.sqlite3",
            str(START),
            synchronous,
            "600",
        ],
        check=True,
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "RECORD_FOLDER": str(folder / "disk"),
            "RECORD_LOG": str(folder / "log"),
        },
    )
    return read_operations(folder / "log")


def _worst_loss(operations: list[Operation], folder: Path, random: Random) -> int:
    """Return the most samples lost at any of 100 random moments."""
    worst = 0
    for moment in range(MOMENTS):
        happened = operations[: random.randrange(len(operations) + 1)]
        reports = [operation for operation in happened if operation.name == "reported"]
        after = folder / f"after{moment}"
        after.mkdir()
        files = state_after_power_loss(happened, random)
        files.pop("reported", None)
        for name, content in files.items():
            (after / name).write_bytes(content)
        rows = _rows(after / "mood.sqlite3", IDENTIFIERS[0])
        if reports:
            reported = int.from_bytes(reports[-1].data, "big")
            worst = max(worst, _lost_samples(rows, START, reported))
    return worst


def test_power_lost_at_100_random_moments(
    recorder_library: Path, tmp_path: Path, random: Random
) -> None:
    operations = _recorded(recorder_library, tmp_path / "recorded", "FULL")
    assert {operation.kind for operation in operations} >= {"W", "S", "T"}
    assert sum(operation.name == "reported" for operation in operations) == 600
    assert _worst_loss(operations, tmp_path, random) <= SAMPLES


def test_the_simulated_disk_does_lose_what_was_not_synced(
    recorder_library: Path, tmp_path: Path, random: Random
) -> None:
    operations = _recorded(recorder_library, tmp_path / "recorded", "NORMAL")
    assert _worst_loss(operations, tmp_path, random) > SAMPLES
