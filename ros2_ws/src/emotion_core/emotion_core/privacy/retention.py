"""Folders that hold something for a limited time and leave nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Clock = Callable[[], float]

_LOCK: Final = "lock"


@dataclass
class _Entry:
    path: Path
    last_used: float
    pinned: bool = False


class TemporaryFolders:
    """Private folders under one private root; each is deleted when it was not used for a while.

    The root is readable by its owner alone, has a name nobody can guess, and is locked for as long
    as this object lives. What a program that was killed left behind is found by its lock, which is
    free, and deleted by the next one.

    Args:
        prefix: of the root's name, so that leftovers are found.
        lifetime: seconds after the last use.
        clock: s, never set back.
        parent: where the root lies; the system's temporary folder by default.
    """

    def __init__(
        self, prefix: str, lifetime: float, clock: Clock, parent: Path | None = None
    ) -> None:
        self._prefix = f"{prefix}-{os.getuid()}-"
        self._lifetime = lifetime
        self._clock = clock
        self._parent = parent or Path(tempfile.gettempdir())
        self._entries: dict[str, _Entry] = {}
        self._root: Path | None = None
        self._lock: int | None = None
        self.remove_leftovers()

    @property
    def root(self) -> Path | None:
        """The folder of all folders; None while none was needed."""
        return self._root

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def create(self) -> tuple[str, Path]:
        """Return a new folder and the random key by which to ask for it."""
        root = self._ensure_root()
        key = secrets.token_urlsafe(16)
        path = root / key
        path.mkdir(mode=0o700)
        self._entries[key] = _Entry(path, self._clock())
        return key, path

    def use(self, key: str) -> Path:
        """Return a folder and begin its lifetime anew.

        Raises:
            KeyError: if there is no such folder, or no longer.
        """
        self.expire()
        entry = self._entries[key]
        entry.last_used = self._clock()
        return entry.path

    def pin(self, key: str, pinned: bool) -> None:
        """Keep a folder whatever its age, for as long as something works on it."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.pinned = pinned
            entry.last_used = self._clock()

    def remove(self, key: str) -> None:
        """Delete a folder with everything in it; nothing happens when it is gone already."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            shutil.rmtree(entry.path, ignore_errors=True)

    def expire(self) -> list[str]:
        """Delete what was not used for its lifetime; return the keys."""
        now = self._clock()
        expired = [
            key
            for key, entry in self._entries.items()
            if not entry.pinned and now - entry.last_used > self._lifetime
        ]
        for key in expired:
            self.remove(key)
        return expired

    def remove_leftovers(self) -> int:
        """Delete what programs that did not end properly have left; return how many roots."""
        removed = 0
        for path in self._parent.glob(f"{self._prefix}*"):
            if path != self._root and _is_own_folder(path) and _lock_is_free(path / _LOCK):
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
        return removed

    def close(self) -> None:
        """Delete everything; safe to call twice."""
        self._entries.clear()
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _ensure_root(self) -> Path:
        if self._root is None or not self._root.is_dir():
            root = Path(tempfile.mkdtemp(prefix=self._prefix, dir=self._parent))
            self._lock = os.open(root / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._root = root
        return self._root


def _is_own_folder(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _lock_is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        # Without a lock it was made a moment ago, or is being deleted.
        return False
    with contextlib.closing(os.fdopen(descriptor, "rb")):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
