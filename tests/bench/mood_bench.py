"""How long it takes to summarise a year of one person's moods: `python -m tests.bench.mood_bench`.

The year is made: a row for every minute of every day, which is more than anybody is seen. Measured
is everything that `emotion-bot mood show` and the mood service do between question and answer:
reading the rows, days, weeks, trend and comparison. The baseline, "row by row", reads the rows of
the minutes and adds them up in Python by the local date of each.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from emotion_core.memory.records import MoodInterval, Person
from emotion_core.memory.report import report
from emotion_core.memory.store import MoodStore
from emotion_core.memory.summary import Period
from emotion_core.memory.trend import theil_sen

LIMIT_SECONDS = 0.2
REPEATS = 9
_ZONE = ZoneInfo("Europe/Berlin")
_DAYS = 365
_START = 1_735_686_000  # 2025-01-01 00:00 in Berlin
_IDENTIFIER = "person-000000000001"


def run() -> dict[str, float]:
    """Return seconds of both ways and what they were measured on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mood.sqlite3"
        store = MoodStore(path, create=True, now=_START)
        _fill(store)
        person = store.find(_IDENTIFIER)
        rows = store.record(person).intervals
        until = _START + _DAYS * 86_400
        answer = report(store, person, Period.WEEK, _ZONE, since=-np.inf, until=until)
        assert answer.trend.days == _DAYS

        def summarise() -> None:
            report(store, person, Period.WEEK, _ZONE, since=-np.inf, until=until)

        seconds = _median_seconds(summarise)
        processor_seconds = _median_seconds(summarise, clock=time.process_time)
        store.close()

        def from_the_command() -> None:
            opened = MoodStore(path, create=False, now=_START)
            found = opened.find(_IDENTIFIER)
            report(opened, found, Period.WEEK, _ZONE, since=-np.inf, until=until)
            opened.close()

        with_opening = _median_seconds(from_the_command)
        store = MoodStore(path, create=False, now=_START)
        naive = _median_seconds(lambda: _row_by_row(store, person), repeats=1)
        size = path.stat().st_size
        store.close()
    return {
        "rows": rows,
        "database_mb": size / 1e6,
        "summarise_s": seconds,
        "summarise_processor_s": processor_seconds,
        "open_and_summarise_s": with_opening,
        "row_by_row_s": naive,
        "ratio": seconds / naive,
    }


def _median_seconds(
    job: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    times = []
    for _ in range(repeats):
        begun = clock()
        job()
        times.append(clock() - begun)
    return median(times)


def _fill(store: MoodStore) -> None:
    random = np.random.default_rng(2025)
    for day in range(_DAYS):
        probabilities = random.dirichlet(np.ones(7), 1440)
        affect = random.uniform(-1.0, 1.0, (1440, 2))
        intervals = [
            MoodInterval(
                _IDENTIFIER,
                _START + 86_400 * day + 60 * minute,
                _START + 86_400 * day + 60 * minute + 60,
                600,
                (*probabilities[minute].tolist(), *affect[minute].tolist(), 0.8, 1.0, 0.0, 0.0),
            )
            for minute in range(1440)
        ]
        store.write(intervals, {_IDENTIFIER})


def _row_by_row(store: MoodStore, person: Person) -> float:
    days: dict[datetime.date, list[float]] = defaultdict(lambda: [0.0] * 14)
    for interval in store.intervals(person):
        date = datetime.datetime.fromtimestamp(interval.start, _ZONE).date()
        total = days[date]
        total[0] += interval.samples
        for column, mean in enumerate(interval.means, start=1):
            total[column] += interval.samples * mean
    valence = [total[8] / total[0] for total in days.values()]
    return theil_sen(list(range(len(valence))), valence).per_day


def main() -> None:
    """Measure and print."""
    found = run()
    lines = {
        "rows": f"{found['rows']:.0f} ({found['database_mb']:.0f} MB)",
        "summarise a year": f"{found['summarise_s'] * 1e3:.0f} ms",
        "  of which processor": f"{found['summarise_processor_s'] * 1e3:.0f} ms",
        "open and summarise": f"{found['open_and_summarise_s'] * 1e3:.0f} ms",
        "row by row": f"{found['row_by_row_s'] * 1e3:.0f} ms",
        "ratio to row by row": f"{found['ratio']:.4f}",
        "limit": f"{LIMIT_SECONDS * 1e3:.0f} ms",
    }
    for name, value in lines.items():
        print(f"{name:<24}{value}")  # noqa: T201


if __name__ == "__main__":
    main()
