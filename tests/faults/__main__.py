"""The long form: faults at random for half of the time, then quiet, and a report.

Run it with `make soak`.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .run import FaultRun

RECOVERY_SECONDS = 5.0
_PATIENCE_SECONDS = 30.0
_SAMPLES_PER_MINUTE = 12
_FAULTY_SHARE = 0.5
_JUDGED_SHARE = 0.4


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 20.0,
    seed: Annotated[int | None, typer.Option(help="Of a run to repeat.")] = None,
) -> None:
    """Run the whole robot under faults; exit 1 if anything that must hold did not."""
    console = Console(highlight=False, soft_wrap=True)
    seed = random.randrange(2**32) if seed is None else seed
    console.print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        run = FaultRun(Path(folder), seed, _PATIENCE_SECONDS)
        try:
            run.start()
            begun = time.monotonic()
            while time.monotonic() < begun + 60 * minutes * _FAULTY_SHARE:
                run.inject(run.faults(), console.print)
            # Processes that lived through all this are judged by what they hold from now on.
            while time.monotonic() < begun + 60 * minutes:
                run.sample()
                time.sleep(60 / _SAMPLES_PER_MINUTE)
        finally:
            result = run.finish(int(minutes * _JUDGED_SHARE * _SAMPLES_PER_MINUTE))
    slow = [o for o in result.outcomes if o.recovery is None or o.recovery > RECOVERY_SECONDS]
    troubles = [f"{o.fault}: {trouble}" for o in result.outcomes for trouble in o.troubles]
    recoveries = [o.recovery for o in result.outcomes if o.recovery is not None]
    console.print(
        f"seed {seed}: {len(result.outcomes)} faults, longest recovery "
        f"{max(recoveries, default=0):.1f} s, {len(slow)} longer than {RECOVERY_SECONDS:g} s; "
        f"{result.positions} positions of the head and {result.messages} messages checked"
    )
    for trouble in (*troubles, *result.troubles, *(f"slow: {o.fault} {o.recovery}" for o in slow)):
        console.print(trouble)
    if troubles or result.troubles or slow:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
