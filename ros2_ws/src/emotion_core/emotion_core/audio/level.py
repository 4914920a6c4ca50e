"""How loud sound is, and whether it overdrives its converter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from emotion_core.audio.chunks import Samples
from emotion_core.audio.conversion import INT16_SCALE

SILENCE_DBFS = -120.0
"""Reported for sound of no power at all."""

_CLIPPED = 32767 - 7
"""From here to full scale a sample counts as clipped; resampling rounds the tops off a little."""


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of a stretch of sound.

    Attributes:
        rms_dbfs: root mean square, dB of full scale, in [SILENCE_DBFS, 0].
        peak: largest magnitude, [0, 1].
        clipped: fraction of samples at full scale, [0, 1].
    """

    rms_dbfs: float = SILENCE_DBFS
    peak: float = 0.0
    clipped: float = 0.0


class LevelMeter:
    """Gathers chunks until it is read."""

    def __init__(self) -> None:
        self._power = 0.0
        self._peak = 0
        self._clipped = 0
        self._count = 0

    def add(self, samples: Samples) -> None:
        """Take int16 samples."""
        magnitude = np.abs(samples.astype(np.int32))
        self._power += float(np.square(magnitude, dtype=np.float64).sum())
        self._peak = max(self._peak, int(magnitude.max(initial=0)))
        self._clipped += int((magnitude >= _CLIPPED).sum())
        self._count += samples.size

    def read(self) -> Level:
        """Return the level since the last reading and begin anew; of no sound that of silence."""
        count = self._count
        level = Level()
        if count:
            rms = math.sqrt(self._power / count) / INT16_SCALE
            decibel = 20 * math.log10(rms) if rms > 0 else SILENCE_DBFS
            level = Level(
                max(SILENCE_DBFS, min(decibel, 0.0)),
                min(self._peak / INT16_SCALE, 1.0),
                self._clipped / count,
            )
        self._power, self._peak, self._clipped, self._count = 0.0, 0, 0, 0
        return level
