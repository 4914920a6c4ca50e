"""Slowing down whoever tries secrets, and remembering who knew the right one."""

from __future__ import annotations

import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FREE_ATTEMPTS: Final = 3
"""Wrong tokens before the first pause."""
FIRST_PAUSE_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 300.0
FORGET_AFTER_SECONDS: Final = 900.0
MAXIMUM_ADDRESSES: Final = 1024

_IPV6_SITE_BITS: Final = 64

Clock = Callable[[], float]


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


class Throttle:
    """Makes an address wait after wrong tokens, twice as long each time.

    IPv6 addresses count by network of 64 bits, because everybody there has that many to choose
    from. Memory is bounded: of many addresses, the ones silent for longest are forgotten.

    Args:
        clock: s, never set back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_seconds(self, address: str) -> float:
        """Return how long the address has to wait before its next attempt; 0 for not at all."""
        record = self._records.get(_group(address))
        now = self._clock()
        if record is None or now - record.last > FORGET_AFTER_SECONDS:
            return 0.0
        return max(0.0, record.last + _pause(record.failures) - now)

    def failed(self, address: str) -> None:
        """Note a wrong token."""
        group = _group(address)
        now = self._clock()
        record = self._records.pop(group, None)
        if record is None or now - record.last > FORGET_AFTER_SECONDS:
            record = _Record(0, now)
        self._records[group] = _Record(record.failures + 1, now)
        while len(self._records) > MAXIMUM_ADDRESSES:
            self._records.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address that has given the right token."""
        self._records.pop(_group(address), None)


def _pause(failures: int) -> float:
    if failures < FREE_ATTEMPTS:
        return 0.0
    # The exponent is bounded because a large one would overflow.
    doublings = min(failures - FREE_ATTEMPTS, 16)
    return min(FIRST_PAUSE_SECONDS * float(2**doublings), LONGEST_PAUSE_SECONDS)


def _group(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_SITE_BITS), strict=False))
    return str(parsed)


class Sessions:
    """Random keys for browsers that gave the right token, each valid for a limited time.

    Args:
        clock: s, never set back.
        lifetime: of a key, s.
        maximum: keys kept; of more, the oldest end first.
    """

    def __init__(self, clock: Clock, lifetime: float = 12 * 3600.0, maximum: int = 100) -> None:
        self._clock = clock
        self._maximum = maximum
        self._ends: OrderedDict[str, float] = OrderedDict()
        self.lifetime = lifetime

    def start(self) -> str:
        """Return a new key."""
        key = secrets.token_urlsafe(32)
        self._ends[key] = self._clock() + self.lifetime
        while len(self._ends) > self._maximum:
            self._ends.popitem(last=False)
        return key

    def is_valid(self, key: str) -> bool:
        """Whether the key was given out here and has not expired."""
        end = self._ends.get(key)
        if end is None:
            return False
        if self._clock() >= end:
            del self._ends[key]
            return False
        return True

    def end(self, key: str) -> None:
        """Make a key worthless."""
        self._ends.pop(key, None)
