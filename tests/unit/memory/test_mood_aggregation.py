"""Samples become one row per person and interval."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mood_rows import START, sample

from emotion_core.affect import LABELS
from emotion_core.memory.aggregation import IntervalAggregator, MoodSample
from emotion_core.memory.records import MEAN_COLUMNS

pytestmark = pytest.mark.unit


def test_means_count_and_bounds_of_an_interval() -> None:
    aggregator = IntervalAggregator()
    aggregator.add("a", sample(START + 1, label="happy", valence=0.2))
    aggregator.add("a", sample(START + 59.9, label="sad", valence=-0.6))
    (row,) = aggregator.take_complete(START + 60)
    assert (row.person, row.start, row.end, row.samples) == ("a", START, START + 60, 2)
    means = dict(zip(MEAN_COLUMNS, row.means, strict=True))
    assert means["happy"] == means["sad"] == 0.5
    assert means["valence"] == pytest.approx(-0.2)
    assert (means["arousal"], means["confidence"]) == (0.25, 0.75)
    assert (means["face"], means["voice"], means["text"]) == (0.5, 0.25, 0.25)
    assert tuple(MEAN_COLUMNS[: len(LABELS)]) == LABELS


def test_an_interval_is_given_once_and_only_after_its_end() -> None:
    aggregator = IntervalAggregator()
    aggregator.add("a", sample(START + 59.999))
    assert aggregator.take_complete(START + 59.999) == []
    assert len(aggregator.take_complete(START + 60.0)) == 1
    assert aggregator.take_complete(START + 600) == []


def test_a_sample_on_the_boundary_belongs_to_the_later_interval() -> None:
    aggregator = IntervalAggregator()
    aggregator.add("a", sample(START + 60.0))
    (row,) = aggregator.take_complete(START + 120)
    assert row.start == START + 60


def test_persons_do_not_mix_and_discarded_ones_leave_nothing() -> None:
    aggregator = IntervalAggregator()
    for person, valence in (("a", 0.1), ("b", 0.9), ("c", -0.9)):
        aggregator.add(person, sample(START, valence=valence))
    aggregator.discard({"b"})
    kept = {row.person: row.means[len(LABELS)] for row in aggregator.take_all()}
    assert kept == {"a": pytest.approx(0.1), "c": pytest.approx(-0.9)}


def test_take_all_gives_incomplete_intervals_in_order_of_time() -> None:
    aggregator = IntervalAggregator(10)
    for time in (START + 25, START + 5, START + 15):
        aggregator.add("a", sample(time))
    assert [row.start for row in aggregator.take_all()] == [START, START + 10, START + 20]
    assert aggregator.take_all() == []


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(START, START + 300), st.floats(-1.0, 1.0)),
        max_size=40,
    ),
    st.sampled_from([1, 10, 60, 900]),
)
def test_nothing_is_lost_or_counted_twice(
    samples: list[tuple[str, float, float]], length: int
) -> None:
    aggregator = IntervalAggregator(length)
    given_rows = []
    for person, time, valence in samples:
        aggregator.add(person, sample(time, valence=valence))
        given_rows += aggregator.take_complete(time)
    given_rows += aggregator.take_all()
    assert sum(row.samples for row in given_rows) == len(samples)
    total = sum(row.samples * row.means[len(LABELS)] for row in given_rows)
    assert total == pytest.approx(sum(valence for _, _, valence in samples), abs=1e-9)
    for row in given_rows:
        assert row.start % length == 0
        assert row.end - row.start == length


@pytest.mark.parametrize("length", [0, -60, 7, 1800])
def test_lengths_that_do_not_divide_a_quarter_of_an_hour_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="must divide 900"):
        IntervalAggregator(length)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": math.nan}, "time"),
        ({"time": -1.0}, "time"),
        ({"time": 1e18}, "time"),
        ({"valence": math.nan}, "valence"),
        ({"valence": 1.2}, "valence"),
        ({"arousal": -math.inf}, "arousal"),
        ({"confidence": -0.1}, "confidence"),
        ({"probabilities": [0.2] * 7}, "probabilities"),
        ({"probabilities": [1.0]}, "7 probabilities"),
        ({"probabilities": [2.0, -1.0, 0, 0, 0, 0, 0]}, "neutral"),
        ({"modality_shares": (0.5, 0.0, 0.0)}, "modality shares"),
        ({"modality_shares": (0.5, 0.5)}, "3 modality shares"),
    ],
)
def test_bad_samples_are_refused_and_leave_no_trace(
    change: dict[str, object], message: str
) -> None:
    aggregator = IntervalAggregator()
    bad: MoodSample = dataclasses.replace(sample(START), **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        aggregator.add("a", bad)
    assert aggregator.take_all() == []


def test_rounding_of_32_bit_messages_is_forgiven() -> None:
    aggregator = IntervalAggregator()
    seventh = np.full(7, np.float32(1 / 7))
    third = np.full(3, np.float32(1 / 3))
    just_above = float(np.nextafter(np.float32(1), np.float32(2)))
    aggregator.add("a", MoodSample(START, seventh, just_above, -just_above, 1.0, third))
    (row,) = aggregator.take_all()
    means = dict(zip(MEAN_COLUMNS, row.means, strict=True))
    assert (means["valence"], means["arousal"]) == (1.0, -1.0)
