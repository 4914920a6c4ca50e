"""Kills writers at random moments: `python mood_killer.py DATABASE SEED MOMENTS`.

A program of its own, because forking is safe only where no threads are.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from mood_rows import START
from mood_writer import SAMPLES_PER_INTERVAL, lost_samples, samples_by_start, write_forever


def _write(connection: Connection, path: Path, start: int, identifier: str) -> None:
    write_forever(path, start, connection.send, identifier=identifier)


def _kill_a_writer(path: Path, start: int, identifier: str, random: Random) -> int | None:
    """Return the time of the last sample that the writer reported as taken."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=_write, args=(sender, path, start, identifier))
    writer.start()
    sender.close()
    reported = None
    # Some are killed while they open the database or write their first row.
    for _ in range(random.choice([0, random.randrange(10), random.randrange(200)])):
        reported = receiver.recv()
    receiver.poll(random.random() * 0.003)
    writer.kill()
    writer.join()
    with contextlib.suppress(EOFError):
        while receiver.poll():
            reported = receiver.recv()
    return reported


def main() -> None:
    """Kill as many writers as asked for, and check after each what is left."""
    path, random, moments = Path(sys.argv[1]), Random(int(sys.argv[2])), int(sys.argv[3])
    start = START
    earlier: tuple[str, dict[int, int]] | None = None
    for moment in range(moments):
        identifier = f"person-{random.getrandbits(48):012x}"
        reported = _kill_a_writer(path, start, identifier, random)
        rows = samples_by_start(path, identifier)
        if reported is not None:
            lost = lost_samples(rows, start, reported)
            assert lost <= SAMPLES_PER_INTERVAL, f"moment {moment}: {lost} samples lost"
            start = reported // 900 * 900
        if earlier is not None:
            assert samples_by_start(path, earlier[0]) == earlier[1], f"moment {moment}"
        earlier = (identifier, rows)
        start += 900
    print(f"{moments} writers killed")  # noqa: T201


if __name__ == "__main__":
    main()
