"""A wall clock for the robot that can be set without touching this computer's."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock_shift.c")


class Clock:
    """Builds the library that shifts the clock of the programs it is preloaded into.

    Args:
        folder: for the library and its setting.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = folder / "clock_shift.so"
        self.can_be_set = shutil.which("cc") is not None
        self.shift(0.0)
        if self.can_be_set:
            command = ["cc", "-shared", "-fPIC", "-O2", "-o", self._library, _SOURCE, "-ldl"]
            subprocess.run(command, check=True)

    def environment(self) -> dict[str, str]:
        """Return the variables that put a program under this clock."""
        if not self.can_be_set:
            return {}
        return {"LD_PRELOAD": str(self._library), "CLOCK_SHIFT_FILE": str(self._file)}

    def shift(self, seconds: float) -> None:
        """Set the robot's clock so far ahead of the true one."""
        value = struct.pack("=q", round(seconds * 1e9))
        if not self._file.exists():
            self._file.write_bytes(value)
        with self._file.open("r+b", buffering=0) as file:
            file.write(value)
