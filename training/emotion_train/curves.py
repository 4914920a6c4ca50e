"""A run's figures by epoch."""

from __future__ import annotations

import csv
from pathlib import Path

CURVES = "curves"


def read_curves(directory: Path) -> list[dict[str, float]]:
    """Return the figures of each epoch in order, ``epoch`` among them.

    A resumed run has written one file for each part; where parts overlap, the later one counts.
    """
    epochs: dict[int, dict[str, float]] = {}
    for path in sorted(directory.glob(f"{CURVES}/version_*/metrics.csv"), key=_part):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if row.get("epoch"):
                    figures = {name: float(value) for name, value in row.items() if value}
                    epochs.setdefault(int(row["epoch"]), {}).update(figures)
    return [epochs[epoch] for epoch in sorted(epochs)]


def _part(path: Path) -> int:
    return int(path.parent.name.removeprefix("version_"))
