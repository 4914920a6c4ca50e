"""Looking after what Fast DDS keeps in shared memory when nodes are killed.

Below /dev/shm, a process has a segment of random name for what it sends, and ports, numbered by
domain and participant, at which it hears of what others send. It holds a lock on the file of the
same name and ``_el``, or ``_sl`` where several may listen.

Fast DDS 2.14 has two gaps here. What a process that is killed has shared is not always removed. And
its port, which the process that takes its place has opened again, may be removed under that one's
feet: everybody else then makes a new one, and it waits at the old one for good.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/dev/shm")  # noqa: S108
PROCESS: Final = Path("/proc/self")
_EXCLUSIVE: Final = "_el"
_SHARED: Final = "_sl"
_LOCKS: Final = (_EXCLUSIVE, _SHARED)
_PORT: Final = re.compile(r"fastrtps_port(?P<number>\d+)")
_SEGMENT: Final = re.compile(r"fastrtps_[0-9a-f]{16}")
_REMOVED: Final = " (deleted)"
_YOUNG_SECONDS: Final = 10.0
_PATIENCE_SECONDS: Final = 2.0
"""A process that makes its port anew looks lost, and for longer when it gets no processor."""


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
        self._lost_since: float | None = None

    def lost(self, now: float) -> list[str]:
        """Return the names of ports that have been lost for some seconds.

        Args:
            now: s, of a clock that is never set.
        """
        ports = [port for port in self._ports if self._is_lost(port)]
        if not ports:
            self._lost_since = None
        elif self._lost_since is None:
            # Not since it was last seen well: this process may have been stopped.
            self._lost_since = now
        elif now - self._lost_since >= _PATIENCE_SECONDS:
            return ports
        return []

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
    ports = (name.removesuffix(_EXCLUSIVE) for name in names if name.endswith(_EXCLUSIVE))
    return [port for port in ports if _PORT.fullmatch(port)]


def port_numbers(folder: Path = FOLDER) -> set[int]:
    """Return the numbers of all ports that there are or of which a trace is left."""
    found = (_PORT.match(path.name) for path in _files(folder))
    return {int(match["number"]) for match in found if match}


def remove_abandoned(now: float, folder: Path = FOLDER) -> int:
    """Remove the segments and ports of processes that are no more; return their number.

    Those of other programs that use Fast DDS are meant, too: nobody can use them again.

    Args:
        now: s since the epoch. What is younger than some seconds may not be locked yet.
        folder: of the shared memory.
    """
    removed = 0
    for path in _files(folder):
        if _PORT.fullmatch(path.name) or _SEGMENT.fullmatch(path.name):
            # Somebody else's, or gone meanwhile.
            with contextlib.suppress(OSError):
                removed += _remove_if_abandoned(path, now)
    return removed


def _remove_if_abandoned(path: Path, now: float) -> bool:
    locks = [lock for end in _LOCKS if (lock := path.with_name(path.name + end)).exists()]
    # A port that was closed leaves no lock, but its file when a reader of it was killed before.
    if not (locks or _PORT.fullmatch(path.name)):
        return False
    if any(now - file.stat().st_mtime < _YOUNG_SECONDS for file in (path, *locks)):
        return False
    with ExitStack() as stack:
        for lock in locks:
            fcntl.flock(stack.enter_context(lock.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in (path, *locks):
            file.unlink(missing_ok=True)
    return True


def _files(folder: Path) -> list[Path]:
    # Systems other than Linux have none.
    return list(folder.iterdir()) if folder.is_dir() else []
