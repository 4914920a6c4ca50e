"""From samples at camera rate to one row per person and interval."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.memory.records import MEAN_COLUMNS, MODALITIES, MoodInterval

QUARTER_HOUR_SECONDS: Final = 900
"""Intervals divide it, because all time zones in use begin their days on a quarter of an hour."""

_TOLERANCE: Final = 1e-3
_LATEST_TIME: Final = 253_402_300_800.0  # the year 10000, beyond which dates have no form


@dataclass(frozen=True, slots=True)
class MoodSample:
    """One expression of one person.

    Attributes:
        time: capture time, seconds since the Unix epoch.
        probabilities: of the labels, in label order, summing to one.
        valence: in [-1, 1].
        arousal: in [-1, 1].
        confidence: in [0, 1].
        modality_shares: of face, voice and text, summing to one.
    """

    time: float
    probabilities: Sequence[float]
    valence: float
    arousal: float
    confidence: float
    modality_shares: Sequence[float]


class IntervalAggregator:
    """Averages samples over intervals that begin at multiples of their length.

    It has no clock: intervals end when :meth:`take_complete` is told a time past their end. A late
    sample opens its interval again, and the store joins the two rows.
    """

    def __init__(self, interval_seconds: int = 60) -> None:
        """Start without samples.

        Args:
            interval_seconds: length of an interval; divides 900.

        Raises:
            ValueError: if the length does not divide 900.
        """
        if interval_seconds < 1 or QUARTER_HOUR_SECONDS % interval_seconds:
            raise ValueError(
                f"an interval must divide {QUARTER_HOUR_SECONDS} s, {interval_seconds} s does not"
            )
        self._length = interval_seconds
        self._sums: dict[tuple[int, str], npt.NDArray[np.float64]] = {}
        self._counts: dict[tuple[int, str], int] = {}

    def add(self, person: str, sample: MoodSample) -> None:
        """Take a sample of a person into its interval.

        Raises:
            ValueError: if a value is not finite or out of range; nothing is taken then.
        """
        values = _checked(sample)
        key = (math.floor(sample.time) // self._length * self._length, person)
        if key in self._sums:
            self._sums[key] += values
            self._counts[key] += 1
        else:
            self._sums[key] = values
            self._counts[key] = 1

    def take_complete(self, now: float) -> list[MoodInterval]:
        """Return and drop the intervals that have ended by now, in order of time."""
        return self._take([key for key in self._sums if key[0] + self._length <= now])

    def take_all(self) -> list[MoodInterval]:
        """Return and drop all intervals, complete or not, in order of time."""
        return self._take(list(self._sums))

    def discard(self, persons: Collection[str]) -> None:
        """Drop everything that is not yet written about the persons."""
        for key in [key for key in self._sums if key[1] in persons]:
            del self._sums[key], self._counts[key]

    def _take(self, keys: list[tuple[int, str]]) -> list[MoodInterval]:
        intervals = []
        for key in sorted(keys):
            start, person = key
            samples = self._counts.pop(key)
            means = tuple((self._sums.pop(key) / samples).tolist())
            intervals.append(MoodInterval(person, start, start + self._length, samples, means))
        return intervals


def _checked(sample: MoodSample) -> npt.NDArray[np.float64]:
    """Return the values in the order of ``MEAN_COLUMNS``, clipped to their ranges."""
    if not 0.0 <= sample.time < _LATEST_TIME:
        raise ValueError(f"time must be seconds since the Unix epoch, got {sample.time}")
    if len(sample.probabilities) != len(LABELS):
        raise ValueError(f"{len(LABELS)} probabilities expected, got {len(sample.probabilities)}")
    if len(sample.modality_shares) != len(MODALITIES):
        raise ValueError(
            f"{len(MODALITIES)} modality shares expected, got {len(sample.modality_shares)}"
        )
    values = np.array(
        [
            *sample.probabilities,
            sample.valence,
            sample.arousal,
            sample.confidence,
            *sample.modality_shares,
        ],
        dtype=np.float64,
    )
    low, high = values < _LOWEST - _TOLERANCE, values > _HIGHEST + _TOLERANCE
    wrong = np.flatnonzero(low | high | ~np.isfinite(values))
    if wrong.size:
        index = wrong[0]
        raise ValueError(
            f"{MEAN_COLUMNS[index]} must lie in [{_LOWEST[index]:g}, {_HIGHEST[index]:g}], "
            f"got {values[index]}"
        )
    for name, part in (
        ("probabilities", values[: len(LABELS)]),
        ("modality shares", values[-len(MODALITIES) :]),
    ):
        if abs(part.sum() - 1.0) > _TOLERANCE:
            raise ValueError(f"the {name} must sum to 1, got {part.sum()}")
    return np.clip(values, _LOWEST, _HIGHEST)


_LOWEST: Final = np.array(
    [-1.0 if name in {"valence", "arousal"} else 0.0 for name in MEAN_COLUMNS]
)
_HIGHEST: Final = np.ones(len(MEAN_COLUMNS))
