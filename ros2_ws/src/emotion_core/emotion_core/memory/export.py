"""Writing what is kept to files for other programs."""

from __future__ import annotations

import csv
import datetime
import json
import os
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final

from emotion_core.affect import LABELS
from emotion_core.memory.errors import MoodMemoryError
from emotion_core.memory.records import MEAN_COLUMNS, MODALITIES, MoodInterval, Person
from emotion_core.memory.store import MoodStore

_MEAN_NAMES: Final[tuple[str, ...]] = (
    *(f"p_{label}" for label in LABELS),
    *MEAN_COLUMNS[len(LABELS) : -len(MODALITIES)],
    *(f"{modality}_weight" for modality in MODALITIES),
)

CSV_COLUMNS: Final[tuple[str, ...]] = ("person", "start", "end", "samples", *_MEAN_NAMES)
"""The person is given by identifier: a name could start with a sign that makes a spreadsheet run it
as a formula, and a table that is passed on should not name people unless somebody adds it."""


class ExportFormat(Enum):
    """Kinds of files."""

    CSV = "csv"
    JSON = "json"


class ExportError(MoodMemoryError):
    """A file cannot be written; the message says which and why."""


def export(
    store: MoodStore,
    persons: Sequence[Person],
    path: Path,
    form: ExportFormat,
    zone: datetime.tzinfo,
) -> int:
    """Write the intervals of persons to a new file for its owner only; return how many.

    Args:
        store: where they are kept.
        persons: who.
        path: of the file, which must not exist.
        form: kind of file. JSON also has names and times of consent.
        zone: in which times are written, with their offset from UTC (ISO 8601).

    Raises:
        ExportError: if the file exists or cannot be written.
        DatabaseUnavailableError, DatabaseCorruptError: if the store cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            write = _write_csv if form is ExportFormat.CSV else _write_json
            return write(store, persons, file, zone)
    except FileExistsError as error:
        raise ExportError(f"{path} exists already; choose another file") from error
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}") from error


def _write_csv(
    store: MoodStore, persons: Sequence[Person], file: IO[str], zone: datetime.tzinfo
) -> int:
    writer = csv.DictWriter(file, CSV_COLUMNS)
    writer.writeheader()
    count = 0
    for person in persons:
        for interval in store.intervals(person):
            writer.writerow({"person": interval.person, **_values(interval, zone)})
            count += 1
    return count


def _write_json(
    store: MoodStore, persons: Sequence[Person], file: IO[str], zone: datetime.tzinfo
) -> int:
    # Row by row: years of intervals as Python objects would take gigabytes.
    count = 0
    file.write('{"persons": [')
    for position, person in enumerate(persons):
        description = {
            "id": person.identifier,
            "name": person.name,
            "consent_time": None
            if person.consent_time is None
            else _local(person.consent_time, zone),
        }
        file.write(",\n" if position else "\n")
        file.write(json.dumps(description, ensure_ascii=False)[:-1] + ', "intervals": [')
        separator = "\n"
        for interval in store.intervals(person):
            file.write(separator + json.dumps(_values(interval, zone)))
            separator = ",\n"
            count += 1
        file.write("]}")
    file.write("]}\n")
    return count


def _values(interval: MoodInterval, zone: datetime.tzinfo) -> dict[str, Any]:
    return {
        "start": _local(interval.start, zone),
        "end": _local(interval.end, zone),
        "samples": interval.samples,
        **dict(zip(_MEAN_NAMES, interval.means, strict=True)),
    }


def _local(time: float, zone: datetime.tzinfo) -> str:
    return datetime.datetime.fromtimestamp(time, zone).isoformat(timespec="seconds")
