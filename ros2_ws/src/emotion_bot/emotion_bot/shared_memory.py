"""Looking after what Fast DDS keeps in shared memory when nodes are killed.

Below /dev/shm, a process has a segment of random name for what it sends, and ports, numbered by
domain and participant, at which it hears of what others send. It holds a lock on the file of the
same name and ``_el``.

Fast DDS 2.14 has two gaps here. The segment of a process that is killed is never removed. And its
port, which the process that takes its place has opened again, may be removed under that one's feet:
everybody else then makes a new one, and it waits at the old one for good.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/dev/shm")  # noqa: S108
PROCESS: Final = Path("/proc/self")
_LOCK: Final = "_el"
_PORT: Final = re.compile(r"fastrtps_port\d+")
_SEGMENT: Final = re.compile(r"fastrtps_[0-9a-f]{16}")
_REMOVED: Final = " (deleted)"
_YOUNG_SECONDS: Final = 10.0
_STRIKES: Final = 2
"""While a process makes its port anew it looks lost for a moment."""


class PortWatch:
    """Notices that nobody can reach the ports any more that this process has when it is made.

    Args:
        folder: of the shared memory.
        process: of this process, below /proc.
    """

    def __init__(self, folder: Path = FOLDER, process: Path = PROCESS) -> None:
        self._folder = folder
        self._process = process
        self._ports = ports_of(process)
        self._known: dict[str, int] = {}
        self._strikes = 0

    def lost(self) -> list[str]:
        """Return the names of ports that have been lost for two calls in a row."""
        ports = [port for port in self._ports if self._is_lost(port)]
        self._strikes = self._strikes + 1 if ports else 0
        return ports if self._strikes >= _STRIKES else []

    def _is_lost(self, port: str) -> bool:
        try:
            file = (self._folder / port).stat().st_ino
        except FileNotFoundError:
            file = None
        if file is not None and self._known.get(port) == file:
            return False
        # Reading this file takes a millisecond, so it is done only when something has changed.
        maps = (self._process / "maps").read_text(encoding="utf-8").splitlines()
        path = str(self._folder / port)
        if any(line.endswith(path + _REMOVED) for line in maps):
            return True
        if file is not None:
            self._known[port] = file
        return False


def ports_of(process: Path) -> list[str]:
    """Return the names of the ports at which a process, given below /proc, listens."""
    names = []
    for descriptor in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            names.append(descriptor.readlink().name)
    ports = (name.removesuffix(_LOCK) for name in names if name.endswith(_LOCK))
    return [port for port in ports if _PORT.fullmatch(port)]


def remove_abandoned_segments(now: float, folder: Path = FOLDER) -> int:
    """Remove the segments of processes that are no more; return their number.

    Those of other programs that use Fast DDS are meant, too: nobody can use them again.

    Args:
        now: s since the epoch. A segment that is younger than some seconds may not be locked yet.
        folder: of the shared memory.
    """
    removed = 0
    for lock in folder.glob(f"fastrtps_*{_LOCK}"):
        segment = lock.name.removesuffix(_LOCK)
        if not _SEGMENT.fullmatch(segment):
            continue
        # Somebody else's, or gone meanwhile.
        with contextlib.suppress(OSError), lock.open("rb") as file:
            if now - lock.stat().st_mtime < _YOUNG_SECONDS:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / segment).unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
            removed += 1
    return removed
