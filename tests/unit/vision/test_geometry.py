from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.vision.geometry import (
    Box,
    blended,
    from_corners,
    intersection_over_union,
    is_finite,
    overlap_of_smaller,
    resized,
    shifted,
    squared,
    visible_fraction,
)

pytestmark = pytest.mark.unit

coordinates = st.floats(-1e4, 1e4)
sides = st.floats(0, 1e4)
boxes = st.builds(Box, coordinates, coordinates, sides, sides)
solid_boxes = st.builds(Box, coordinates, coordinates, st.floats(1, 1e4), st.floats(1, 1e4))


@given(boxes, boxes)
def test_overlaps_are_symmetric_shares(first: Box, second: Box) -> None:
    for measure in (intersection_over_union, overlap_of_smaller):
        value = measure(first, second)
        assert 0 <= value <= 1
        assert value == pytest.approx(measure(second, first))


@given(solid_boxes)
def test_a_box_coincides_with_itself(box: Box) -> None:
    assert intersection_over_union(box, box) == pytest.approx(1)
    assert overlap_of_smaller(box, box) == pytest.approx(1)


def test_a_box_within_another() -> None:
    outer, inner = Box(0, 0, 10, 10), Box(2, 2, 5, 5)
    assert intersection_over_union(outer, inner) == pytest.approx(0.25)
    assert overlap_of_smaller(outer, inner) == 1


@given(boxes)
def test_a_square_keeps_the_centre_and_covers_the_box(box: Box) -> None:
    square = squared(box)
    assert square.width == square.height == max(box.width, box.height)
    assert square.center == pytest.approx(box.center, abs=1e-6)


@given(boxes, st.floats(0, 10))
def test_resizing_keeps_the_centre(box: Box, factor: float) -> None:
    changed = resized(box, factor)
    assert changed.center == pytest.approx(box.center, abs=1e-6)
    assert changed.width == pytest.approx(box.width * factor)


@given(boxes, coordinates, coordinates)
def test_shifting_moves_and_nothing_else(box: Box, right: float, down: float) -> None:
    moved = shifted(box, right, down)
    assert (moved.x, moved.y) == (box.x + right, box.y + down)
    assert (moved.width, moved.height) == (box.width, box.height)


@given(boxes, boxes)
def test_blending_goes_from_one_to_the_other(first: Box, second: Box) -> None:
    assert blended(first, second, 0) == first
    last = blended(first, second, 1)
    assert (last.x, last.width) == pytest.approx((second.x, second.width), abs=1e-6)


def test_corners_in_the_wrong_order_give_an_empty_box() -> None:
    assert from_corners(5, 5, 3, 9) == Box(5, 5, 0, 4)
    assert from_corners(1, 2, 4, 6) == Box(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(-5, 0, 10, 10), 0.5),
        (Box(95, 95, 10, 10), 0.25),
        (Box(200, 0, 10, 10), 0.0),
        (Box(-50, -50, 200, 200), 0.25),
        (Box(5, 5, 0, 10), 0.0),
    ],
)
def test_visible_share_of_a_box_in_a_picture(box: Box, share: float) -> None:
    assert visible_fraction(box, 100, 100) == pytest.approx(share)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_finiteness_looks_at_every_number(bad: float) -> None:
    assert is_finite(Box(1, 2, 3, 4))
    for box in (Box(bad, 0, 1, 1), Box(0, bad, 1, 1), Box(0, 0, bad, 1), Box(0, 0, 1, bad)):
        assert not is_finite(box)
