"""Leaving the processors to the nodes that others wait for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_GROUP = Path("/proc/self/autogroup")


def lower_priority(niceness: int) -> None:
    """Make this process give way to others.

    Linux shares the processors among sessions first (autogroups), and niceness counts only within
    one. Nodes are started in sessions of their own, so theirs is lowered too.

    Args:
        niceness: 0 for no change, 19 for the lowest priority.
    """
    os.nice(niceness)
    if _GROUP.exists() and os.getsid(0) == os.getpid():
        # Not permitted everywhere; the process is nice all the same.
        with contextlib.suppress(OSError):
            _GROUP.write_text(str(niceness), encoding="ascii")
