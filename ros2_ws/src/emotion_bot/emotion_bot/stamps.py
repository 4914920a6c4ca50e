"""Between the times of messages, nanoseconds and seconds."""

from __future__ import annotations

from builtin_interfaces.msg import Time

_NANOSECONDS = 1_000_000_000


def stamp_from_nanoseconds(nanoseconds: int) -> Time:
    """Return the message form of a ROS time in nanoseconds."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return Time(sec=seconds, nanosec=rest)


def stamp_from_seconds(seconds: float) -> Time:
    """Return the message form of a ROS time in seconds."""
    return stamp_from_nanoseconds(round(seconds * _NANOSECONDS))


def nanoseconds_from_stamp(stamp: Time) -> int:
    """Return a message's time in nanoseconds."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def seconds_from_stamp(stamp: Time) -> float:
    """Return a message's time in seconds."""
    return int(stamp.sec) + int(stamp.nanosec) / _NANOSECONDS
