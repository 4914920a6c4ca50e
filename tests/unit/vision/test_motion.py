from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted_world import face, paint

from emotion_core.vision.geometry import Box, intersection_over_union, resized, shifted
from emotion_core.vision.motion import (
    FLOW_SIDE,
    Motion,
    flow_picture,
    follow,
    motion_between,
    seed_points,
)

pytestmark = pytest.mark.unit


def moved(before: Box, after: Box, guess: tuple[float, float] = (0, 0)) -> Motion | None:
    """The motion measured between two painted frames."""
    points = seed_points(before)
    there, kept = follow(
        flow_picture(paint({"red": before})),
        flow_picture(paint({"red": after})),
        points,
        points + np.array(guess, np.float32),
    )
    return motion_between(points[kept], there[kept], before)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (7, -3), (-20, 12), (18, -16)])
def test_shift_is_measured(right: float, down: float) -> None:
    start = face(300, 240, 120)
    motion = moved(start, shifted(start, right, down))
    assert motion is not None
    assert (motion.right, motion.down) == pytest.approx((right, down), abs=1.0)
    assert motion.scale == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("factor", [0.93, 1.06])
def test_growth_is_measured(factor: float) -> None:
    start = face(300, 240, 120)
    end = shifted(resized(start, factor), 6, 4)
    motion = moved(start, end)
    assert motion is not None
    assert intersection_over_union(motion.apply(start), end) > 0.93


def test_a_guess_reaches_farther_than_the_window() -> None:
    start = face(150, 240, 120)
    motion = moved(start, shifted(start, 200, 0), guess=(195, 5))
    assert motion is not None
    assert (motion.right, motion.down) == pytest.approx((200, 0), abs=1.0)


def test_a_face_that_is_gone_has_no_motion() -> None:
    start = face(300, 240, 120)
    points = seed_points(start)
    there, kept = follow(
        flow_picture(paint({"red": start})),
        flow_picture(paint({"green": start})),
        points,
        points,
    )
    assert motion_between(points[kept], there[kept], start) is None


def test_points_that_disagree_have_no_motion() -> None:
    box = face(300, 240, 120)
    points = seed_points(box)
    scattered = points + np.random.default_rng(0).normal(0, 40, points.shape).astype(np.float32)
    assert motion_between(points, scattered, box) is None


def test_few_points_have_no_motion() -> None:
    box = face(300, 240, 120)
    points = seed_points(box)[:8]
    assert motion_between(points, points, box) is None


def test_the_flow_picture_is_small_and_knows_its_scale() -> None:
    picture = flow_picture(np.zeros((6000, 8000, 3), np.uint8))
    assert max(picture.grey.shape) <= FLOW_SIDE
    assert picture.scale == pytest.approx((320 / 8000, 240 / 6000))
    assert flow_picture(np.zeros((1, 1, 3), np.uint8)).grey.shape == (1, 1)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    place=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    side=st.floats(1, 500),
    guess=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
)
def test_no_picture_and_no_guess_makes_nonsense_come_out(
    size: tuple[int, int],
    place: tuple[float, float],
    side: float,
    guess: tuple[float, float],
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    box = face(*place, side)
    points = seed_points(box)
    picture = flow_picture(noise)
    there, kept = follow(picture, picture, points, points + np.array(guess, np.float32))
    assert np.isfinite(there).all()
    motion = motion_between(points[kept], there[kept], box)
    if motion is not None:
        assert np.isfinite([motion.right, motion.down, motion.scale]).all()
        assert motion.scale > 0


def test_no_points_are_followed_to_none() -> None:
    picture = flow_picture(paint({}))
    empty = np.empty((0, 2), np.float32)
    there, kept = follow(picture, picture, empty, empty)
    assert len(there) == len(kept) == 0
