"""How long to wait before a device is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts to open a source that failed: growing exponentially, then constant.

    Attributes:
        first: s, > 0.
        factor: by which each pause exceeds the one before, >= 1.
        maximum: s, >= first.
    """

    first: float = 0.5
    factor: float = 2.0
    maximum: float = 2.0

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.maximum and self.factor >= 1):
            raise ValueError(f"{self}: needs 0 < first <= maximum and factor >= 1")

    def pause(self, failures: int) -> float:
        """Return the pause after a number of failures in a row, s."""
        # The exponent is bounded because a large one would overflow.
        growth = self.factor ** min(max(failures - 1, 0), 64)
        return min(self.first * growth, self.maximum)
