"""For how long rows are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emotion_core.memory.records import Kept

SECONDS_PER_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days after which rows are deleted.

    Attributes:
        anonymous_days: for persons without a name, >= 1.
        enrolled_days: for persons who agreed to be kept under their name, >= 1.
    """

    anonymous_days: int = 30
    enrolled_days: int = 730

    def __post_init__(self) -> None:
        for name in ("anonymous_days", "enrolled_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def lifetime(self, *, enrolled: bool) -> int:
        """Return for how many seconds a row is kept after its interval."""
        return (self.enrolled_days if enrolled else self.anonymous_days) * SECONDS_PER_DAY

    def next_expiry(self, kept: Kept) -> int | None:
        """Return when the oldest of the rows kept is past its time; None without any rows."""
        ends = [
            oldest + self.lifetime(enrolled=enrolled)
            for oldest, enrolled in (
                (kept.oldest_anonymous, False),
                (kept.oldest_enrolled, True),
            )
            if oldest is not None
        ]
        return min(ends, default=None)


class Daily:
    """Tells once a day that something is due; its first day begins when it is made.

    Args:
        now: seconds since the Unix epoch.
    """

    def __init__(self, now: float) -> None:
        self._last = now

    def is_due(self, now: float) -> bool:
        """Whether a day has passed since it last said so, or the clock was set back over it."""
        due = now - self._last >= SECONDS_PER_DAY or now < self._last
        if due:
            self._last = now
        return due
