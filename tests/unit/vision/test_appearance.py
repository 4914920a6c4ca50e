from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted_world import face, paint

from emotion_core.vision.appearance import describe, similarity, updated
from emotion_core.vision.detection import Image
from emotion_core.vision.geometry import Box, resized, shifted
from emotion_core.vision.tracker_parameters import TrackerParameters

pytestmark = pytest.mark.unit

HEAD = Box(178, 68, 92, 116)


def test_the_same_picture_is_alike() -> None:
    frame = paint({"red": face(200, 200)})
    look = describe(frame, face(200, 200))
    assert similarity(look, look) == pytest.approx(1)
    assert np.linalg.norm(look) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("gain", [0.75, 1.2])
def test_a_face_is_known_again_in_other_light_and_from_another_box(
    astronaut: Image, gain: float
) -> None:
    known = describe(astronaut, HEAD)
    relit = cv2.convertScaleAbs(astronaut, alpha=gain)
    look = describe(relit, shifted(resized(HEAD, 1.08), 4, -3))
    assert similarity(known, look) > TrackerParameters().far_similarity


def test_different_looks_are_told_apart(astronaut: Image) -> None:
    frame = paint({"red": face(150, 200), "green": face(400, 200)})
    looks = [
        describe(frame, face(150, 200)),
        describe(frame, face(400, 200)),
        describe(astronaut, HEAD),
    ]
    for index, one in enumerate(looks):
        for other in looks[index + 1 :]:
            assert similarity(one, other) < TrackerParameters().near_similarity


def test_updating_moves_towards_the_new_look(astronaut: Image) -> None:
    frame = paint({"red": face(150, 200)})
    known, seen = describe(astronaut, HEAD), describe(frame, face(150, 200))
    mixed = updated(known, seen, 0.3)
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-5)
    assert similarity(known, seen) < similarity(mixed, seen) < similarity(mixed, known)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    box=st.builds(
        Box, st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0, 1e5), st.floats(0, 1e5)
    ),
    value=st.integers(0, 255),
)
def test_any_box_of_any_picture_has_a_finite_look(
    size: tuple[int, int], box: Box, value: int
) -> None:
    look = describe(np.full((*size, 3), value, np.uint8), box)
    assert np.isfinite(look).all()
    assert 0.99 < similarity(look, look) <= 1
