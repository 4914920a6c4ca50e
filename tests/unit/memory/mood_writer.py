"""A process that keeps moods until it is killed.

As a program: `python mood_writer.py DATABASE START SYNCHRONOUS STEPS`.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from emotion_core.memory.recorder import MoodRecorder
from mood_rows import IDENTIFIERS, sample

STEP = 10
"""Seconds between samples of the person."""

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


def main() -> None:
    """Run as a program, reporting into the file `reported` beside the database."""
    path, start, synchronous, steps = sys.argv[1:]
    with Path(path).with_name("reported").open("wb", buffering=0) as file:
        write_forever(
            Path(path),
            int(start),
            lambda time: file.write(time.to_bytes(8, "big")),
            synchronous=synchronous,
            steps=int(steps),
        )
        # Without closing anything, as in a power loss.
        os._exit(0)


if __name__ == "__main__":
    main()
