"""Makes a head from the words of the command line."""

from __future__ import annotations

import time
from collections.abc import Callable

from emotion_core.head.backend import Head
from emotion_core.head.firmware_build import missing_for_build
from emotion_core.head.limits import HeadLimits
from emotion_core.head.serial_head import SerialHead
from emotion_core.head.simulated import SimulatedHead
from emotion_core.head.virtual import VirtualHead


def default_head() -> str:
    """Return ``sim`` where the firmware can be built and simulated, else ``virtual``."""
    return "virtual" if missing_for_build(simulator=True) else "sim"


def create_head(
    specification: str,
    clock: Callable[[], float] = time.time,
    limits: HeadLimits | None = None,
) -> Head | None:
    """Return the head that a specification names; it is not yet open.

    Args:
        specification: ``virtual``, ``sim``, ``serial:PORT``, ``serial`` (looks for a board by its
            USB id) or ``none``.
        clock: gives the times of snapshots, s.
        limits: the host's own limits.

    Returns:
        The head, or None for ``none``.

    Raises:
        ValueError: if the specification is none of these.
    """
    kind, _, port = specification.partition(":")
    if kind == "serial" and (port or specification == "serial"):
        return SerialHead(port or None, clock, limits)
    if specification == "virtual":
        return VirtualHead(clock, limits)
    if specification == "sim":
        return SimulatedHead(clock, limits)
    if specification == "none":
        return None
    raise ValueError(
        f"head {specification!r} is none of virtual, sim, serial, serial:PORT and none"
    )
