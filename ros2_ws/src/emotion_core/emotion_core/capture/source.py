"""What all sources of pictures and of sound have in common."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar, Protocol

Clock = Callable[[], float]
"""Returns the time, s."""


class Pace(Enum):
    """When the items of a source without a pace of its own are taken."""

    REAL_TIME = "real_time"  # each at the start + its time in the recording
    AS_CONSUMED = "as_consumed"  # as fast as they are taken, none dropped


class CaptureError(Exception):
    """A source cannot be used; the message names it and the reason.

    ``retryable`` tells whether trying again later can help, as with a device that is plugged in.
    """

    retryable: ClassVar[bool] = False


class Source(Protocol):
    """A device or a recording. Not thread-safe: one thread opens, reads and closes."""

    @property
    def name(self) -> str:
        """The source as a person would name it, without passwords."""

    def open(self) -> None:
        """Open the device, or the file at its start.

        Raises:
            CaptureError: if that is not possible.
        """

    def close(self) -> None:
        """Release the device; allowed at any time and more than once."""
