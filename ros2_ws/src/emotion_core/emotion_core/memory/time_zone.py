"""Time zones by name."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emotion_core.memory.errors import MoodMemoryError

_LOCAL_TIME = Path("/etc/localtime")


class UnknownTimeZoneError(MoodMemoryError, ValueError):
    """There is no time zone with the name given."""


def time_zone(name: str) -> datetime.tzinfo:
    """Return the time zone with an IANA name such as ``Europe/Berlin``.

    Args:
        name: empty for the zone that this machine is set to.

    Raises:
        UnknownTimeZoneError: if there is no such zone.
    """
    if not name:
        return machine_time_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(
            f"{name!r} is not a time zone; give an IANA name such as Europe/Berlin"
        ) from error


def machine_time_zone() -> datetime.tzinfo:
    """Return the zone of the variable TZ, else of /etc/localtime, else UTC."""
    if variable := os.environ.get("TZ", "").lstrip(":"):
        try:
            return ZoneInfo(variable)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    try:
        with _LOCAL_TIME.open("rb") as file:
            _, _, key = str(_LOCAL_TIME.resolve()).partition("zoneinfo/")
            return ZoneInfo.from_file(file, key=key or "local")
    except (OSError, ValueError):
        return datetime.timezone.utc
