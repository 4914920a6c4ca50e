"""Days and weeks are those of the clocks on the wall."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mood_rows import DAY, IDENTIFIERS, START, random_interval, rows

from emotion_core.affect import Emotion
from emotion_core.memory.aggregation import QUARTER_HOUR_SECONDS
from emotion_core.memory.records import MoodRows
from emotion_core.memory.report import BASELINE_DAYS, RECENT_DAYS, report, report_on_rows
from emotion_core.memory.store import MoodStore, Resolution
from emotion_core.memory.summary import Period, local_midnight, summarise
from emotion_core.memory.time_zone import UnknownTimeZoneError, machine_time_zone, time_zone

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
UTC = datetime.timezone.utc


def _at(text: str, zone: datetime.tzinfo) -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def _every_quarter(first: int, end: int) -> MoodRows:
    starts = list(range(first, end, QUARTER_HOUR_SECONDS))
    return rows(starts, [0.5] * len(starts))


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2025-03-30", 23),
        ("Europe/Berlin", "2025-10-26", 25),
        ("Europe/Berlin", "2025-06-15", 24),
        ("America/New_York", "2025-03-09", 23),
        ("America/New_York", "2025-11-02", 25),
        # Clocks go from 24:00 to 1:00: midnight does not exist.
        ("America/Asuncion", "2023-10-01", 23),
        # They go from 1:00 back to 0:00: midnight comes twice.
        ("America/Havana", "2025-11-02", 25),
        # Half an hour only.
        ("Australia/Lord_Howe", "2025-04-06", 24.5),
        ("Asia/Kathmandu", "2025-06-15", 24),
    ],
)
def test_days_are_as_long_as_the_clocks_made_them(zone: str, date: str, hours: float) -> None:
    day = datetime.date.fromisoformat(date)
    noon = _at(f"{date}T12:00", ZoneInfo(zone))
    table = _every_quarter(noon - 3 * DAY, noon + 3 * DAY)
    by_date = {summary.date: summary for summary in summarise(table, Period.DAY, ZoneInfo(zone))}
    assert by_date[day].observed == hours * 3600
    assert by_date[day].end - by_date[day].start == hours * 3600
    assert len(by_date) == 7


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo"]
    ),
    st.lists(st.integers(1_200_000_000 // 900, 1_900_000_000 // 900), min_size=1, max_size=30),
)
def test_every_row_is_in_the_day_that_a_clock_shows_when_it_begins(
    zone: str, quarters: list[int]
) -> None:
    place = ZoneInfo(zone)
    starts = sorted(900 * quarter for quarter in set(quarters))
    summaries = summarise(rows(starts, [0.0] * len(starts)), Period.DAY, place)
    expected: dict[datetime.date, int] = {}
    for start in starts:
        date = datetime.datetime.fromtimestamp(start, place).date()
        expected[date] = expected.get(date, 0) + 10
    assert {summary.date: summary.samples for summary in summaries} == expected


def test_weeks_begin_on_monday_also_when_the_clocks_change() -> None:
    table = _every_quarter(_at("2025-03-24T00:00", BERLIN), _at("2025-04-07T00:00", BERLIN))
    first, second = summarise(table, Period.WEEK, BERLIN)
    assert (first.date, second.date) == (datetime.date(2025, 3, 24), datetime.date(2025, 3, 31))
    assert first.observed == 7 * DAY - 3600
    assert second.observed == 7 * DAY


def test_periods_without_data_are_left_out() -> None:
    table = rows([START, START + 3 * DAY], [0.1, 0.2])
    dates = [summary.date for summary in summarise(table, Period.DAY, UTC)]
    assert dates == [datetime.date(2025, 6, 15), datetime.date(2025, 6, 18)]
    assert summarise(rows([], []), Period.DAY, UTC) == []


def test_means_are_weighted_by_samples() -> None:
    table = rows([START, START + 900], [1.0, -1.0])
    table.samples[:] = [30, 10]
    (day,) = summarise(table, Period.DAY, UTC)
    assert day.valence == pytest.approx(0.5)
    assert (day.samples, day.observed) == (40, 1800)
    assert day.emotion is Emotion.HAPPY
    assert day.modality_shares == pytest.approx((0.5, 0.25, 0.25))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("period", list(Period))
def test_quarter_hours_give_the_summaries_of_the_intervals(
    store: MoodStore, zone: str, period: Period
) -> None:
    random = np.random.default_rng(5)
    minutes = np.sort(random.choice(40 * 1440, 1500, replace=False))
    store.write(
        [random_interval(IDENTIFIERS[0], START + 60 * int(n), random) for n in minutes],
        {IDENTIFIERS[0]},
    )
    person = store.find(IDENTIFIERS[0])
    coarse = summarise(store.rows(person), period, ZoneInfo(zone))
    fine = summarise(store.rows(person, resolution=Resolution.INTERVAL), period, ZoneInfo(zone))
    assert len(coarse) == len(fine)
    for one, other in zip(coarse, fine, strict=True):
        assert (one.date, one.observed, one.samples) == (other.date, other.observed, other.samples)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-12)
        assert one.valence == pytest.approx(other.valence, abs=1e-12)


def test_a_report_compares_the_last_week_with_the_four_before() -> None:
    until = _at("2025-10-29T18:00", BERLIN)
    noons = [until - DAY * day for day in range(60)]
    # This week good, the four before bad, what lies before them does not count.
    valences = [0.8] * RECENT_DAYS + [-0.2] * BASELINE_DAYS + [0.9] * 25
    noons[:] = [noon // 900 * 900 - 900 for noon in noons]
    table = rows(noons[::-1], valences[::-1])
    answer = report_on_rows(table, Period.DAY, BERLIN, since=-math.inf, until=until)
    assert len(answer.summaries) == 60
    assert (answer.comparison.days, answer.comparison.baseline_days) == (7, 28)
    assert answer.comparison.valence.difference == pytest.approx(1.0)
    assert answer.trend.days == 60


def test_a_report_on_the_last_hour_still_knows_the_baseline(store: MoodStore) -> None:
    until = START + 40 * DAY
    random = np.random.default_rng(11)
    store.write(
        [
            random_interval(IDENTIFIERS[0], START + 60 * minute, random)
            for minute in range(0, 40 * 1440, 60)
        ],
        {IDENTIFIERS[0]},
    )
    person = store.find(IDENTIFIERS[0])
    hour = report(store, person, Period.DAY, UTC, since=until - 3600, until=until)
    everything = report(store, person, Period.DAY, UTC, since=-math.inf, until=until)
    assert [summary.observed for summary in hour.summaries] == [60]
    assert hour.comparison == everything.comparison
    assert hour.comparison.baseline_days == BASELINE_DAYS
    assert hour.trend.days == 0


def test_time_zones_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_zone("Europe/Berlin") == BERLIN
    for name in ("Nowhere/Land", "../../etc/passwd", "Europe", "x\0", "n" * 10_000):
        with pytest.raises(UnknownTimeZoneError, match="IANA"):
            time_zone(name)
    monkeypatch.setenv("TZ", ":Asia/Kathmandu")
    assert time_zone("") == ZoneInfo("Asia/Kathmandu")
    monkeypatch.setenv("TZ", "no zone")
    assert machine_time_zone().utcoffset(datetime.datetime(2025, 1, 1)) is not None


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    havana = ZoneInfo("America/Havana")
    midnight = local_midnight(datetime.date(2025, 11, 2), havana)
    before = datetime.datetime.fromtimestamp(midnight - 1, havana)
    assert before.date() == datetime.date(2025, 11, 1)
