"""Making a bag whole again after its writer was killed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from emotion_core.replay.bag_metadata import (
    FileEntry,
    listed_files,
    read_metadata,
    write_metadata,
)
from emotion_core.replay.mcap_file import is_being_written, repair
from emotion_core.replay.mcap_scan import McapError, properties, read_summary, written_by_us

_NUMBERED = re.compile(r"_(\d+)\.mcap$")


def recover_bag(path: Path) -> Sequence[FileEntry]:
    """Repair torn files of a bag of our own writing and make its metadata fit; return its files.

    A bag that is being written and one that something else wrote are left as they are.

    Args:
        path: folder of the bag.

    Raises:
        OSError: if it cannot be read, or has to be repaired and cannot be written.
        BagError: if its metadata.yaml is none.
    """
    files = sorted(
        (file for file in path.glob("*.mcap") if written_by_us(file)),
        key=lambda file: (file_index(file.name) or 0, file.name),
    )
    if not files:
        return ()
    in_progress = any(is_being_written(file) for file in files)
    entries = [entry for file in files if (entry := _entry(file, in_progress)) is not None]
    metadata = read_metadata(path)
    stands = listed_files(metadata), metadata.get("message_count")
    holds = [entry.name for entry in entries], sum(entry.count for entry in entries)
    if stands != holds and not in_progress:
        noted = {**properties(files[0]), **(metadata.get("custom_data") or {})}
        write_metadata(path, entries, noted)
    return entries


def _entry(file: Path, in_progress: bool) -> FileEntry | None:
    try:
        if not in_progress:
            repair(file)
        return FileEntry.of(file.name, read_summary(file))
    except McapError:
        # Torn within its first bytes: it never held a message.
        return None


def file_index(name: str) -> int | None:
    """Return the number in the name of a bag's file, or None when it has none."""
    found = _NUMBERED.search(name)
    return int(found[1]) if found else None
