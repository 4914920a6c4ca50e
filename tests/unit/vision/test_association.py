from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.vision.association import distance_in_faces, match, size_ratio
from emotion_core.vision.geometry import Box

pytestmark = pytest.mark.unit


def test_the_best_pair_comes_first() -> None:
    worth = {("a", 1): 0.6, ("a", 2): 0.9, ("b", 1): 0.2, ("b", 2): 0.8}
    pairs = match(["a", "b"], [1, 2], lambda one, other: worth[one, other])
    assert dict(pairs) == {"a": 2, "b": 1}


def test_a_forbidden_pair_is_never_made() -> None:
    assert match(["a"], [1], lambda *_: None) == []
    assert match([], [1], lambda *_: 1.0) == []


@given(
    st.lists(st.lists(st.none() | st.floats(0, 1), min_size=4, max_size=4), min_size=0, max_size=4)
)
def test_each_member_occurs_once_and_nothing_possible_is_left(
    table: list[list[float | None]],
) -> None:
    rows, columns = list(range(len(table))), list(range(4))
    pairs = match(rows, columns, lambda row, column: table[row][column])
    used_rows, used_columns = {row for row, _ in pairs}, {column for _, column in pairs}
    assert len(used_rows) == len(used_columns) == len(pairs)
    assert all(table[row][column] is not None for row, column in pairs)
    for row in set(rows) - used_rows:
        assert all(table[row][column] is None for column in set(columns) - used_columns)


def test_distance_is_measured_in_faces() -> None:
    assert distance_in_faces(Box(0, 0, 100, 100), Box(50, 0, 100, 100)) == pytest.approx(0.5)
    assert distance_in_faces(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == float("inf")


def test_size_ratio_is_at_least_one() -> None:
    assert size_ratio(Box(0, 0, 10, 10), Box(0, 0, 20, 20)) == pytest.approx(2)
    assert size_ratio(Box(0, 0, 20, 20), Box(0, 0, 10, 10)) == pytest.approx(2)
    assert size_ratio(Box(0, 0, 0, 5), Box(0, 0, 10, 10)) == float("inf")
