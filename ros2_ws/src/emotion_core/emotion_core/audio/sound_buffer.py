"""The newest sound of a stream, found again by its capture time."""

from __future__ import annotations

import numpy as np

from emotion_core.audio.chunks import Samples
from emotion_core.audio.features import SAMPLE_RATE

CONTINUITY_SECONDS = 0.05
"""Chunks whose times fit within this follow each other; devices' times jitter a little."""


class SoundBuffer:
    """A ring of samples with times.

    Args:
        seconds: how much is kept, > 0.
    """

    def __init__(self, seconds: float) -> None:
        self._ring = np.zeros(round(seconds * SAMPLE_RATE), np.int16)
        self._written = 0
        self._end = 0.0
        self.gaps = 0

    @property
    def start(self) -> float:
        """Capture time of the oldest sample that is kept, s."""
        return self._end - self._kept / SAMPLE_RATE

    @property
    def end(self) -> float:
        """Capture time after the newest sample, s."""
        return self._end

    @property
    def _kept(self) -> int:
        return min(self._written, len(self._ring))

    def append(self, samples: Samples, time: float) -> bool:
        """Add sound; return whether it follows what was there, which a gap makes it forget.

        Args:
            samples: int16 (samples,).
            time: capture time of the first one, s.
        """
        follows = self._written > 0 and abs(time - self._end) <= CONTINUITY_SECONDS
        if not follows:
            self.gaps += self._written > 0
            self._written = 0
        self._end = time + len(samples) / SAMPLE_RATE
        size = len(self._ring)
        samples = samples[-size:]
        indices = np.arange(self._written, self._written + len(samples)) % size
        self._ring[indices] = samples
        self._written += len(samples)
        if self._written >= 2 * size:
            # Only the position in the ring matters, not how many samples there ever were.
            self._written -= self._written // size * size - size
        return follows

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two capture times, as far as they are kept."""
        newest = self._written - round((self._end - end) * SAMPLE_RATE)
        oldest = self._written - round((self._end - start) * SAMPLE_RATE)
        newest = min(newest, self._written)
        oldest = max(oldest, self._written - self._kept)
        if newest <= oldest:
            return np.empty(0, np.int16)
        return self._ring[np.arange(oldest, newest) % len(self._ring)]
