"""Choosing the head from the words a user types."""

from __future__ import annotations

from collections.abc import Callable

from emotion_core.head.backend import Head
from emotion_core.head.virtual import VirtualHead


class HeadChoiceError(ValueError):
    """The choice names no head; the message lists what there is."""


def make_head(choice: str, clock: Callable[[], float]) -> Head:
    """Return the head that a choice names, not yet opened.

    Args:
        choice: ``virtual``.
        clock: present time, s; the head's snapshots are on this clock.

    Raises:
        HeadChoiceError: if the choice is something else.
    """
    if choice == "virtual":
        return VirtualHead(clock)
    raise HeadChoiceError(f"head {choice!r} is none of: virtual")
