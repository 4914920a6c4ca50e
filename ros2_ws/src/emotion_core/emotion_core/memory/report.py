"""The whole answer to a question about one person."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Final

from emotion_core.memory.records import MoodRows
from emotion_core.memory.summary import MoodSummary, Period, local_midnight, summarise
from emotion_core.memory.trend import MoodComparison, MoodTrend, compare, trend

RECENT_DAYS: Final = 7
BASELINE_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class MoodReport:
    """Summaries, trend and comparison of one person.

    Attributes:
        summaries: of the periods asked for that have data, in order of time.
        trend: over the days asked for.
        comparison: of the last ``RECENT_DAYS`` days asked for with the ``BASELINE_DAYS`` before.
    """

    summaries: list[MoodSummary]
    trend: MoodTrend
    comparison: MoodComparison


def first_needed(since: float, until: float, zone: datetime.tzinfo) -> float:
    """Return from when on rows are needed to report on [since, until)."""
    if not math.isfinite(since):
        return since
    return min(since, _days_before(until, RECENT_DAYS + BASELINE_DAYS, zone))


def report(
    rows: MoodRows, period: Period, zone: datetime.tzinfo, *, since: float, until: float
) -> MoodReport:
    """Return the report on [since, until).

    Args:
        rows: of one person from :func:`first_needed` until ``until``, in order of time.
        period: length of the summaries.
        zone: whose midnights begin the days.
        since: seconds since the Unix epoch; minus infinity for everything.
        until: seconds since the Unix epoch, finite.
    """
    asked = rows.within(since, until)
    days = summarise(asked, Period.DAY, zone)
    recent_start = _days_before(until, RECENT_DAYS, zone)
    baseline_start = _days_before(until, RECENT_DAYS + BASELINE_DAYS, zone)
    return MoodReport(
        days if period is Period.DAY else summarise(asked, period, zone),
        trend(days),
        compare(
            summarise(rows.within(recent_start, until), Period.DAY, zone),
            summarise(rows.within(baseline_start, recent_start), Period.DAY, zone),
        ),
    )


def _days_before(until: float, days: int, zone: datetime.tzinfo) -> float:
    """Return the midnight that begins the last ``days`` dates before an instant."""
    last = math.nextafter(until, -math.inf)
    date = datetime.datetime.fromtimestamp(last, zone).date()
    return local_midnight(date - datetime.timedelta(days=days - 1), zone)
