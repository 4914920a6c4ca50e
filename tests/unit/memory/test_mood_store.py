"""Rows and persons are kept as they were given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mood_rows import IDENTIFIERS, START, interval, random_interval

from emotion_core.memory.errors import (
    ConsentMissingError,
    InvalidNameError,
    UnknownPersonError,
)
from emotion_core.memory.store import MoodStore, Resolution

pytestmark = pytest.mark.unit

A, B, C = IDENTIFIERS[:3]


def test_rows_come_back_as_they_were_written(store: MoodStore) -> None:
    random = np.random.default_rng(3)
    written = [random_interval(A, START + 60 * n, random) for n in range(50)]
    assert store.write(written, {A}) == set()
    assert list(store.intervals(store.find(A))) == written


def test_rows_survive_closing(database_path: Path) -> None:
    for number in range(3):
        store = MoodStore(database_path, create=True, now=START)
        store.write([interval(start=START + 60 * number)], {A})
        store.close()
    store = MoodStore(database_path, create=False, now=START)
    assert store.record(store.find(A)).intervals == 3
    store.close()


def test_rows_of_an_unknown_person_are_refused_and_the_others_kept(store: MoodStore) -> None:
    assert store.write([interval(A), interval(B)], {A}) == {B}
    assert [record.person.identifier for record in store.persons()] == [A]


def test_two_rows_of_one_interval_are_joined_by_their_samples(store: MoodStore) -> None:
    store.write([interval(A, samples=10, valence=0.0)], {A})
    store.write([interval(A, samples=30, valence=0.8, label="sad")])
    (row,) = store.intervals(store.find(A))
    assert row.samples == 40
    assert row.means[7] == pytest.approx(0.6)
    assert row.means[:3] == pytest.approx((0.0, 0.25, 0.75))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 50), st.floats(-1, 1)), min_size=1))
def test_quarter_hours_hold_what_the_intervals_hold(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, int, float]]
) -> None:
    path = tmp_path_factory.mktemp("quarters") / "mood.sqlite3"
    store = MoodStore(path, create=True, now=START)
    for minute, samples, valence in written:
        store.write([interval(A, START + 60 * minute, samples=samples, valence=valence)], {A})
    person = store.find(A)
    quarters = store.rows(person)
    intervals = store.rows(person, resolution=Resolution.INTERVAL)
    store.close()
    assert quarters.samples.sum() == sum(samples for _, samples, _ in written)
    for start, observed, samples, means in zip(
        quarters.start, quarters.observed, quarters.samples, quarters.means, strict=True
    ):
        part = intervals.within(start, start + 900)
        assert observed == 60 * len(part)
        assert samples == part.samples.sum()
        np.testing.assert_allclose(
            means, np.average(part.means, axis=0, weights=part.samples), atol=1e-12
        )


def test_rows_are_those_that_begin_in_the_span(store: MoodStore) -> None:
    store.write([interval(start=START + 900 * n) for n in range(4)], {A})
    person = store.find(A)
    found = store.rows(person, since=START + 900, until=START + 2700)
    assert found.start.tolist() == [START + 900, START + 1800]
    assert len(store.rows(person)) == 4
    assert len(store.rows(person, since=START + 10_000)) == 0


def test_everybody_is_listed_enrolled_first(store: MoodStore) -> None:
    store.write([interval(A), interval(B, START + 60), interval(C)], {A, B, C})
    store.enrol(C, "Anna", consent=True, now=START)
    assert [record.person.identifier for record in store.persons()] == [C, B, A]
    assert [record.observed for record in store.persons()] == [60, 60, 60]


def test_kept_tells_what_since_when_and_until_when(store: MoodStore) -> None:
    assert store.kept().oldest_anonymous is None
    store.write([interval(A, START + 120), interval(B, START), interval(B, START + 60)], {A, B})
    store.enrol(B, "Anna", consent=True, now=START)
    kept = store.kept()
    assert (kept.anonymous, kept.enrolled, kept.observed) == (1, 1, 180)
    assert (kept.oldest_anonymous, kept.oldest_enrolled) == (START + 120, START)
    assert kept.newest == START + 180
    assert kept.damaged_copies == 0
    assert kept.size_bytes > 0


def test_nobody_is_enrolled_without_consent(store: MoodStore) -> None:
    store.write([interval(A)], {A})
    with pytest.raises(ConsentMissingError):
        store.enrol(A, "Anna", consent=False, now=START)
    assert not store.find(A).enrolled


@pytest.mark.parametrize(
    "name", ["O'Brien", '"; DROP TABLE person; --', "🙂", "<script>", "n" * 100, "%s", "NULL"]
)
def test_names_are_kept_to_the_letter_and_found(store: MoodStore, name: str) -> None:
    store.write([interval(A), interval(B)], {A, B})
    person = store.enrol(A, f" {name} ", consent=True, now=START + 0.5)
    assert (person.name, person.consent_time, person.enrolled) == (name, START + 0.5, True)
    assert store.find(name) == person == store.find(A)
    assert len(store.persons()) == 2


@pytest.mark.parametrize("name", ["two\nlines", "n" * 10_000, ""])
def test_a_bad_name_changes_nothing(store: MoodStore, name: str) -> None:
    store.write([interval(A)], {A})
    with pytest.raises(InvalidNameError):
        store.enrol(A, name, consent=True, now=START)
    assert not store.find(A).enrolled


@pytest.mark.parametrize("reference", ["Anna", "x\ny", "n" * 10_000, "", "' OR 1=1 --", "\ud800"])
def test_unknown_persons_are_not_found_and_not_repeated(store: MoodStore, reference: str) -> None:
    store.write([interval(A)], {A})
    with pytest.raises(UnknownPersonError, match=r"^nobody with this identifier or name is kept$"):
        store.find(reference)
    with pytest.raises(UnknownPersonError):
        store.enrol(IDENTIFIERS[8], "Anna", consent=True, now=START)


def test_a_name_given_again_joins_the_records(store: MoodStore) -> None:
    store.write([interval(A, samples=10, valence=0.0), interval(A, START + 60)], {A})
    store.enrol(A, "Anna", consent=True, now=START + 5)
    store.write(
        [interval(B, samples=10, valence=1.0), interval(B, START + 9000), interval(C)], {B, C}
    )
    joined = store.enrol(B, "Anna", consent=True, now=START + 500)
    assert joined == store.find("Anna") == store.find(B) == store.find(A)
    assert (joined.identifier, joined.consent_time) == (A, START + 5)
    assert (joined.first_seen, joined.last_seen) == (START, START + 9060)
    assert store.identifiers(joined) == {A, B}
    rows = list(store.intervals(joined))
    assert [(row.start, row.samples) for row in rows] == [
        (START, 20),
        (START + 60, 10),
        (START + 9000, 10),
    ]
    assert rows[0].means[7] == pytest.approx(0.5)
    assert store.rows(joined).samples.tolist() == [30, 10]
    assert len(store.persons()) == 2
    # What the running program still calls B goes to the same person.
    assert store.write([interval(B, START + 9060)]) == set()
    assert store.record(joined).intervals == 4


def test_records_join_again_and_again(store: MoodStore) -> None:
    for number, identifier in enumerate(IDENTIFIERS[:4]):
        store.write([interval(identifier, START + 60 * number)], {identifier})
        store.enrol(identifier, "Anna", consent=True, now=START)
    assert store.identifiers(store.find("Anna")) == set(IDENTIFIERS[:4])
    assert store.record(store.find("Anna")).intervals == 4


def test_two_named_persons_are_not_joined(store: MoodStore) -> None:
    store.write([interval(A), interval(B)], {A, B})
    store.enrol(A, "Anna", consent=True, now=START)
    store.enrol(B, "Ben", consent=True, now=START)
    with pytest.raises(InvalidNameError, match="not joined"):
        store.enrol(B, "Anna", consent=True, now=START)
    assert {record.person.name for record in store.persons()} == {"Anna", "Ben"}


def test_giving_the_same_name_again_keeps_the_first_consent(store: MoodStore) -> None:
    store.write([interval(A)], {A})
    store.enrol(A, "Anna", consent=True, now=START)
    again = store.enrol(A, "Anna", consent=True, now=START + 100)
    assert again.consent_time == START
