"""The whole answer to a question about one person."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Final

from emotion_core.memory.records import MoodRows, Person
from emotion_core.memory.store import MoodStore
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


def report(
    store: MoodStore,
    person: Person,
    period: Period,
    zone: datetime.tzinfo,
    *,
    since: float,
    until: float,
) -> MoodReport:
    """Return the report on what a person showed in [since, until).

    Args:
        store: where the rows are.
        person: who.
        period: length of the summaries.
        zone: whose midnights begin the days.
        since: seconds since the Unix epoch; minus infinity for everything.
        until: seconds since the Unix epoch, finite.

    Raises:
        DatabaseUnavailableError, DatabaseCorruptError: if the file fails.
    """
    baseline_start = _days_before(until, RECENT_DAYS + BASELINE_DAYS, zone)
    rows = store.rows(person, since=min(since, baseline_start), until=until)
    return report_on_rows(rows, period, zone, since=since, until=until)


def report_on_rows(
    rows: MoodRows, period: Period, zone: datetime.tzinfo, *, since: float, until: float
) -> MoodReport:
    """Return the report on [since, until), a pure function.

    Args:
        rows: of one person, in order of time; from before ``since`` where the baseline is.
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
