"""A power loss at any moment costs at most one interval and never the database."""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from mood_disk import Operation, read_operations, state_after_power_loss
from mood_rows import IDENTIFIERS, START
from mood_writer import SAMPLES_PER_INTERVAL, SHIPPED, lost_samples, samples_by_start

pytestmark = pytest.mark.unit

MOMENTS = 100


@pytest.fixture
def random() -> Random:
    """Random moments, other ones in each run; the seed is printed with a failure."""
    seed = int(os.environ.get("EMOTION_BOT_TEST_SEED") or secrets.randbits(32))
    print(f"EMOTION_BOT_TEST_SEED={seed}")  # noqa: T201
    return Random(seed)


@pytest.mark.slow
def test_killed_at_100_random_moments(database_path: Path, random: Random) -> None:
    program = Path(__file__).with_name("mood_killer.py")
    seed = str(random.getrandbits(32))
    killer = subprocess.run(
        [sys.executable, program, database_path, seed, str(MOMENTS)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killer.returncode == 0, killer.stdout + killer.stderr
    assert f"{MOMENTS} writers killed" in killer.stdout


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
        rows = samples_by_start(after / "mood.sqlite3", IDENTIFIERS[0])
        if reports:
            reported = int.from_bytes(reports[-1].data, "big")
            worst = max(worst, lost_samples(rows, START, reported))
    return worst


def test_power_lost_at_100_random_moments(
    recorder_library: Path, tmp_path: Path, random: Random
) -> None:
    operations = _recorded(recorder_library, tmp_path / "recorded", SHIPPED)
    assert {operation.kind for operation in operations} >= {"W", "S", "T"}
    assert sum(operation.name == "reported" for operation in operations) == 600
    assert _worst_loss(operations, tmp_path, random) <= SAMPLES_PER_INTERVAL


def test_the_simulated_disk_does_lose_what_was_not_synced(
    recorder_library: Path, tmp_path: Path, random: Random
) -> None:
    operations = _recorded(recorder_library, tmp_path / "recorded", "NORMAL")
    assert _worst_loss(operations, tmp_path, random) > SAMPLES_PER_INTERVAL
