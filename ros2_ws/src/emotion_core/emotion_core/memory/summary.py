"""Days and weeks out of rows. Pure functions."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import EMOTIONS, LABELS, Emotion
from emotion_core.memory.records import MEAN_COLUMNS, MODALITIES, MoodRows

_VALENCE: Final = MEAN_COLUMNS.index("valence")
_AROUSAL: Final = MEAN_COLUMNS.index("arousal")
_CONFIDENCE: Final = MEAN_COLUMNS.index("confidence")


class Period(Enum):
    """Length of a summary."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class MoodSummary:
    """What one person's expressions showed over a day or a week; means are weighted by samples.

    Attributes:
        date: local date of the first day.
        start: first instant of the period, seconds since the Unix epoch.
        end: first instant after it.
        observed: seconds of intervals in which the person was seen.
        samples: expressions behind the means.
        probabilities: of the labels, in label order.
        valence: in [-1, 1].
        arousal: in [-1, 1].
        confidence: in [0, 1].
        modality_shares: of face, voice and text.
    """

    date: datetime.date
    start: float
    end: float
    observed: int
    samples: int
    probabilities: tuple[float, ...]
    valence: float
    arousal: float
    confidence: float
    modality_shares: tuple[float, ...]

    @property
    def emotion(self) -> Emotion:
        """The emotion with the largest mean probability."""
        return EMOTIONS[int(np.argmax(self.probabilities))]


def summarise(rows: MoodRows, period: Period, zone: datetime.tzinfo) -> list[MoodSummary]:
    """Return a summary of every period that has rows, in order of time.

    A row belongs to the period in which it begins. Days are as long as the zone's clocks made
    them, weeks begin on Monday (ISO 8601).

    Args:
        rows: of one person, in order of time.
        period: length of a summary.
        zone: whose midnights begin the days.
    """
    if not len(rows):
        return []
    dates, bounds = _periods(float(rows.start[0]), float(rows.start[-1]), period, zone)
    index = np.searchsorted(bounds, rows.start, side="right") - 1
    used, first_rows = np.unique(index, return_index=True)
    samples = np.add.reduceat(rows.samples, first_rows)
    observed = np.add.reduceat(rows.observed, first_rows)
    weighted = np.add.reduceat(rows.means * rows.samples[:, None], first_rows, axis=0)
    means = weighted / samples[:, None]
    return [
        MoodSummary(
            date=dates[which],
            start=float(bounds[which]),
            end=float(bounds[which + 1]),
            observed=int(observed[row]),
            samples=int(samples[row]),
            probabilities=tuple(means[row, : len(LABELS)].tolist()),
            valence=float(means[row, _VALENCE]),
            arousal=float(means[row, _AROUSAL]),
            confidence=float(means[row, _CONFIDENCE]),
            modality_shares=tuple(means[row, -len(MODALITIES) :].tolist()),
        )
        for row, which in enumerate(used)
    ]


def local_midnight(date: datetime.date, zone: datetime.tzinfo) -> float:
    """Return the first instant of a date in a zone, seconds since the Unix epoch.

    Where the clocks skip midnight the date begins with the first time that exists; where they show
    it twice, with the first of the two.
    """
    return datetime.datetime.combine(date, datetime.time(), zone).timestamp()


def _periods(
    first: float, last: float, period: Period, zone: datetime.tzinfo
) -> tuple[list[datetime.date], npt.NDArray[np.float64]]:
    """Return dates of the periods from first to last, and their bounds, one more than dates."""
    date = datetime.datetime.fromtimestamp(first, zone).date()
    step = datetime.timedelta(days=1)
    if period is Period.WEEK:
        date -= datetime.timedelta(days=date.weekday())
        step = datetime.timedelta(days=7)
    dates = [date]
    bounds = [local_midnight(date, zone)]
    while bounds[-1] <= last:
        date += step
        dates.append(date)
        bounds.append(local_midnight(date, zone))
    return dates[:-1], np.array(bounds)
