from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.vision.alignment import aligned_crop, framing
from emotion_core.vision.detection import Image, Landmarks
from emotion_core.vision.geometry import Box
from emotion_core.vision.mtcnn import MtcnnDetector

pytestmark = pytest.mark.unit

UPRIGHT = np.array([[0.315, 0.387], [0.685, 0.387], [0.5, 0.602], [0.345, 0.78], [0.655, 0.78]])


@dataclass(frozen=True)
class Face:
    box: Box
    landmarks: Landmarks


def portrait(x: float, y: float, side: float, roll: float = 0.0) -> Face:
    """A face of that extent in the crop's own proportions, turned by ``roll`` radians."""
    turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    landmarks = (UPRIGHT - 0.5) @ turn.T * side + [x, y]
    width, height = 0.81 * side, 1.05 * side
    box = Box(x - width / 2, y - height / 2, width, height)
    return Face(box, landmarks.astype(np.float32))


def placed(face: Face, side: int) -> np.ndarray:
    """Where the face's landmarks come to lie, in shares of the crop."""
    points = np.hstack([face.landmarks, np.ones((5, 1))])
    return (points @ framing(face, side).T) / side


@given(
    x=st.floats(0, 640),
    y=st.floats(0, 480),
    side=st.floats(20, 900),
    roll=st.floats(-1.5, 1.5),
    crop=st.sampled_from([32, 48, 112]),
)
def test_landmarks_come_to_lie_where_fer2013_has_them(
    x: float, y: float, side: float, roll: float, crop: int
) -> None:
    assert placed(portrait(x, y, side, roll), crop) == pytest.approx(UPRIGHT, abs=1e-3)


@pytest.mark.parametrize(
    "landmarks",
    [
        np.full((5, 2), 100, np.float32),
        np.full((5, 2), np.nan, np.float32),
        np.array([[0, 0], [4000, 0], [2000, 2000], [0, 4000], [4000, 4000]], np.float32),
    ],
)
def test_landmarks_without_sense_are_replaced_by_the_box(landmarks: Landmarks) -> None:
    face = replace(portrait(320, 240, 100), landmarks=landmarks)
    transform = framing(face, 48)
    assert transform @ [320, 240, 1] == pytest.approx([24, 24])
    assert transform[0, 0] == pytest.approx(48 / 100, rel=0.02)


def test_a_turned_head_gives_the_upright_crop(mtcnn: MtcnnDetector, astronaut: Image) -> None:
    upright = aligned_crop(astronaut, mtcnn.detect(astronaut)[0])
    turn = cv2.getRotationMatrix2D((224, 126), 15, 1.0)
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    straightened = aligned_crop(turned, mtcnn.detect(turned)[0])
    assert np.corrcoef(upright.ravel(), straightened.ravel())[0, 1] > 0.9


def test_a_crop_is_the_same_at_any_size_of_the_picture(astronaut: Image) -> None:
    small = portrait(224, 130, 105)
    crop = aligned_crop(astronaut, small)
    large = cv2.resize(astronaut, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    enlarged = portrait(4 * 224, 4 * 130, 4 * 105)
    assert np.abs(aligned_crop(large, enlarged).astype(int) - crop).mean() < 2


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = aligned_crop(stripes, portrait(500, 500, 700))
    assert crop.std() < 8
    assert crop.mean() == pytest.approx(127.5, abs=5)


def test_the_picture_s_edge_is_continued(astronaut: Image) -> None:
    crop = aligned_crop(astronaut, portrait(0, 0, 100))
    assert crop[:20, :20].std() < 2


@pytest.mark.parametrize("side", [1, 48, 224])
def test_shape_and_type(astronaut: Image, side: int) -> None:
    crop = aligned_crop(astronaut, portrait(224, 130, 105), side)
    assert crop.shape == (side, side)
    assert crop.dtype == np.uint8


@settings(max_examples=80, deadline=None)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    box=st.builds(
        Box, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6)
    ),
    points=st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=10),
)
def test_any_face_of_any_picture_gives_a_crop(
    size: tuple[int, int], box: Box, points: list[float]
) -> None:
    landmarks = np.array(points, np.float32).reshape(5, 2)
    image = np.full((*size, 3), 77, np.uint8)
    assert (aligned_crop(image, Face(box, landmarks)) == 77).all()


def test_an_enormous_picture_is_no_hindrance() -> None:
    wide = np.zeros((4, 40_000, 3), np.uint8)
    assert aligned_crop(wide, portrait(39_000, 2, 4)).shape == (48, 48)


def test_wrong_input_is_refused(astronaut: Image) -> None:
    with pytest.raises(ValueError, match="uint8"):
        aligned_crop(astronaut.astype(np.float32), portrait(1, 1, 9))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="side"):
        aligned_crop(astronaut, portrait(1, 1, 9), 0)
