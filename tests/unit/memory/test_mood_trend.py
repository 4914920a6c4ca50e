"""Trends withstand bad days, and a comparison is with the person's own past."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emotion_core.affect import LABELS
from emotion_core.memory.summary import MoodSummary
from emotion_core.memory.trend import MINIMUM_DAY_SECONDS, compare, theil_sen, trend

pytestmark = pytest.mark.unit


def _day(
    number: int, valence: float, *, arousal: float = 0.0, label: str = "happy", observed: int = 3600
) -> MoodSummary:
    date = datetime.date(2025, 1, 1) + datetime.timedelta(days=number)
    probabilities = tuple(float(other == label) for other in LABELS)
    return MoodSummary(
        date, 0.0, 0.0, observed, 100, probabilities, valence, arousal, 0.7, (1.0, 0.0, 0.0)
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(-20, 20)),
        min_size=2,
        max_size=60,
        unique_by=lambda point: point[0],
    )
)
def test_slope_and_interval_are_those_of_scipy(points: list[tuple[int, int]]) -> None:
    x = [float(point[0]) for point in sorted(points)]
    y = [point[1] / 20 for point in sorted(points)]
    ours = theil_sen(x, y)
    reference = stats.theilslopes(y, x, alpha=0.95)
    assert ours.per_day == pytest.approx(float(reference.slope), abs=1e-12)
    assert ours.low == pytest.approx(float(reference.low_slope), abs=1e-12)
    assert ours.high == pytest.approx(float(reference.high_slope), abs=1e-12)


def test_a_steady_fall_is_found_in_spite_of_wild_days_and_gaps() -> None:
    random = np.random.default_rng(8)
    days = []
    for number in range(60):
        if number % 9 == 4:
            continue
        wild = number % 7 == 0
        valence = 1.0 if wild else 0.5 - 0.01 * number + random.normal(0, 0.02)
        days.append(_day(number, valence, arousal=random.normal(0, 0.1)))
    found = trend(days)
    assert found.days == len(days)
    assert found.valence.per_day == pytest.approx(-0.01, abs=0.002)
    assert found.valence.is_clear
    assert not found.arousal.is_clear


def test_no_trend_is_claimed_where_there_is_none() -> None:
    claimed = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        claimed += trend([_day(n, random.normal(0, 0.1)) for n in range(30)]).valence.is_clear
    assert claimed <= 20  # 5 % of 200 expected, more than 20 has a chance of 0.2 %


def test_constant_days_have_no_trend() -> None:
    found = trend([_day(number, 0.3) for number in range(10)])
    assert found.valence.per_day == 0.0
    assert not found.valence.is_clear


def test_few_days_say_nothing() -> None:
    found = trend([_day(number, 0.1 * number) for number in range(6)])
    assert found.days == 6
    assert math.isnan(found.valence.per_day)
    assert not found.valence.is_clear
    assert math.isnan(theil_sen([1.0], [1.0]).per_day)


def test_days_with_hardly_any_data_do_not_count() -> None:
    days = [_day(number, 0.3) for number in range(10)]
    glimpses = [_day(n, -1.0, observed=MINIMUM_DAY_SECONDS - 60) for n in range(10, 20)]
    assert trend(days + glimpses) == trend(days)
    assert compare(glimpses, days).days == 0


def test_difference_from_the_usual_in_usual_deviations() -> None:
    random = np.random.default_rng(9)
    baseline = [_day(n, random.normal(0.4, 0.1)) for n in range(200)]
    baseline[3] = _day(3, -50.0)
    recent = [_day(200 + n, 0.1, label="sad") for n in range(7)]
    found = compare(recent, baseline)
    assert (found.days, found.baseline_days) == (7, 200)
    assert found.valence.difference == pytest.approx(-0.3, abs=0.03)
    assert found.valence.deviations == pytest.approx(-3.0, abs=0.5)
    probabilities = dict(zip(LABELS, found.probabilities, strict=True))
    assert (probabilities["sad"], probabilities["happy"]) == (1.0, -1.0)


def test_people_who_hardly_vary_do_not_make_small_differences_huge() -> None:
    found = compare([_day(20, 0.305)], [_day(number, 0.3) for number in range(10)])
    assert found.valence.deviations == pytest.approx(0.5)


def test_without_a_baseline_nothing_is_compared() -> None:
    found = compare([_day(20, 0.3)], [_day(number, 0.3) for number in range(6)])
    assert (found.days, found.baseline_days) == (1, 6)
    assert math.isnan(found.valence.difference)
    assert all(map(math.isnan, found.probabilities))
