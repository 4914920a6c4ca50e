"""Capture times of a device's samples, from its sample count and jittery readings of a clock."""

from __future__ import annotations


class SampleClock:
    """Tells when each sample was captured.

    A device counts samples evenly, but the reading of the clock that comes with a block is late by
    however long the callback waited. Counting alone would drift with the device's crystal; so the
    count goes on and is pulled towards the readings slowly.

    Args:
        rate: samples/s, > 0.
        pull: fraction of the error corrected at each block, (0, 1].
        jump: an error above this is a gap in the sound, s, > 0: the count starts anew there.
    """

    def __init__(self, rate: float, pull: float = 0.02, jump: float = 0.1) -> None:
        self._rate = rate
        self._pull = pull
        self._jump = jump
        self._next: float | None = None
        self.gaps = 0

    def stamp(self, samples: int, measured: float) -> float:
        """Return the capture time of a block's first sample, s.

        Args:
            samples: length of the block.
            measured: reading of the clock for its first sample, s.
        """
        time = measured
        if self._next is not None:
            error = measured - self._next
            if abs(error) <= self._jump:
                time = self._next + self._pull * error
            else:
                self.gaps += 1
        self._next = time + samples / self._rate
        return time

    def restart(self) -> None:
        """Forget the count; the next block begins a new one."""
        self._next = None
