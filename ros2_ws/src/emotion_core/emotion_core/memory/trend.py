"""Trends over days, and a person against the person's own past. Pure functions.

Medians throughout: one bad day, or one day on which somebody else was taken for the person, must
not turn a trend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.memory.summary import MoodSummary

MINIMUM_DAY_SECONDS: Final = 300
"""A day counts when the person was seen in intervals of at least this length together."""

MINIMUM_TREND_DAYS: Final = 7
MINIMUM_BASELINE_DAYS: Final = 7
MINIMUM_RECENT_DAYS: Final = 1

CONFIDENCE_LEVEL: Final = 0.95

_CONSISTENT_WITH_NORMAL: Final = 1.0 / NormalDist().inv_cdf(0.75)
# Daily means of a face that hardly moves differ by less than the model can tell apart.
_SMALLEST_DEVIATION: Final = 0.01


@dataclass(frozen=True, slots=True)
class Slope:
    """Change per day with its confidence interval; NaN when it is unknown."""

    per_day: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the whole confidence interval lies on one side of zero."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, slots=True)
class MoodTrend:
    """Slopes over the days that have enough data.

    Attributes:
        days: how many there are.
        valence: change of valence per day.
        arousal: change of arousal per day.
    """

    days: int
    valence: Slope
    arousal: Slope


@dataclass(frozen=True, slots=True)
class Deviation:
    """A difference from the baseline; NaN when it is unknown.

    Attributes:
        difference: median of the recent days minus median of the baseline's days.
        deviations: the same in robust standard deviations of the baseline's days.
    """

    difference: float
    deviations: float


@dataclass(frozen=True, slots=True)
class MoodComparison:
    """Recent days against earlier days of the same person.

    Attributes:
        days: recent days with enough data.
        baseline_days: earlier days with enough data.
        valence: of the daily means.
        arousal: of the daily means.
        probabilities: mean of the recent days minus mean of the baseline's, in label order.
    """

    days: int
    baseline_days: int
    valence: Deviation
    arousal: Deviation
    probabilities: tuple[float, ...]


def theil_sen(x: npt.ArrayLike, y: npt.ArrayLike) -> Slope:
    """Return the median slope between all pairs of points, with Sen's confidence interval.

    Up to 29 % of the points may be arbitrarily wrong. The interval assumes independent errors;
    moods of neighbouring days are alike, so it is rather too narrow.

    Args:
        x: shape (n,), all different.
        y: shape (n,).

    Returns:
        The slope of y over x; NaN for fewer than two points.

    Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", 1968.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    count = len(x)
    if count < 2:
        return Slope(math.nan, math.nan, math.nan)
    first, second = np.triu_indices(count, k=1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    _, ties = np.unique(y, return_counts=True)
    # Variance of Kendall's score when y does not depend on x.
    variance = (
        count * (count - 1) * (2 * count + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))
    ) / 18.0
    half_width = NormalDist().inv_cdf(0.5 + CONFIDENCE_LEVEL / 2.0) * math.sqrt(variance)
    low = max(round((len(slopes) - half_width) / 2.0) - 1, 0)
    high = min(round((len(slopes) + half_width) / 2.0), len(slopes) - 1)
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def trend(days: Sequence[MoodSummary]) -> MoodTrend:
    """Return the trend over daily summaries; unknown with fewer than seven days.

    Args:
        days: daily summaries in order of time, with gaps where nobody was seen.
    """
    used = _enough(days)
    if len(used) < MINIMUM_TREND_DAYS:
        unknown = Slope(math.nan, math.nan, math.nan)
        return MoodTrend(len(used), unknown, unknown)
    x = [day.date.toordinal() for day in used]
    return MoodTrend(
        len(used),
        theil_sen(x, [day.valence for day in used]),
        theil_sen(x, [day.arousal for day in used]),
    )


def compare(recent: Sequence[MoodSummary], baseline: Sequence[MoodSummary]) -> MoodComparison:
    """Compare recent days with earlier days of the same person.

    Args:
        recent: daily summaries.
        baseline: daily summaries before them; unknown results with fewer than seven.
    """
    recent, baseline = _enough(recent), _enough(baseline)
    if len(recent) < MINIMUM_RECENT_DAYS or len(baseline) < MINIMUM_BASELINE_DAYS:
        unknown = Deviation(math.nan, math.nan)
        return MoodComparison(
            len(recent), len(baseline), unknown, unknown, (math.nan,) * len(LABELS)
        )
    difference = np.mean([day.probabilities for day in recent], axis=0) - np.mean(
        [day.probabilities for day in baseline], axis=0
    )
    return MoodComparison(
        len(recent),
        len(baseline),
        _deviation([day.valence for day in recent], [day.valence for day in baseline]),
        _deviation([day.arousal for day in recent], [day.arousal for day in baseline]),
        tuple(difference.tolist()),
    )


def _deviation(recent: Sequence[float], baseline: Sequence[float]) -> Deviation:
    usual = float(np.median(baseline))
    spread = float(np.median(np.abs(np.asarray(baseline) - usual))) * _CONSISTENT_WITH_NORMAL
    difference = float(np.median(recent)) - usual
    return Deviation(difference, difference / max(spread, _SMALLEST_DEVIATION))


def _enough(days: Sequence[MoodSummary]) -> list[MoodSummary]:
    return [day for day in days if day.observed >= MINIMUM_DAY_SECONDS]
