"""What the scene shows, against its own ground truth and the geometry of the head."""

import math

import cv2
import numpy as np
import pytest

from emotion_core.head.gaze_geometry import bearing
from emotion_core.vision.geometry import Box
from emotion_core.vision.scene import Person, Scene, SceneParameters
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.scene_paths import StillPath

pytestmark = pytest.mark.unit

DEGREE = math.radians(1)


@pytest.fixture(scope="module")
def still() -> Scene:
    return Scene(parse_mode("still:12,elevation=4"))


@pytest.fixture(scope="module")
def empty() -> Scene:
    return Scene(SceneParameters(people=()))


def test_picture_is_bgr_of_the_size_asked_for(still: Scene) -> None:
    image = still.render(0.0, 0.0, 0.0)
    assert image.shape == (480, 640, 3)
    assert image.dtype == np.uint8
    assert Scene(parse_mode("still", width=321, height=203)).render(0, 0, 0).shape == (203, 321, 3)


def test_every_picture_is_a_new_array(still: Scene) -> None:
    first = still.render(0.0, 0.0, 0.0)
    copy = first.copy()
    still.render(0.0, 0.5, 0.0)
    np.testing.assert_array_equal(first, copy)


@pytest.mark.parametrize("pan", [-80, -20, 0, 12, 40])
@pytest.mark.parametrize("tilt", [-30, 0, 15, 40])
def test_box_lies_where_the_geometry_says(still: Scene, pan: int, tilt: int) -> None:
    box = still.face_box(0.0, pan * DEGREE, tilt * DEGREE)
    azimuth, elevation = still.face_bearings(0.0)[0]
    if box is None:
        assert abs(azimuth - pan * DEGREE) > 20 * DEGREE or abs(elevation - tilt * DEGREE) > (
            20 * DEGREE
        )
        return
    # Perspective stretches the outer half of a box more, so its middle is not quite the face's.
    u, v = box.center
    found = bearing(still.camera.ray(u - 0.5, v - 0.5), pan * DEGREE, tilt * DEGREE)
    assert found == pytest.approx((azimuth, elevation), abs=0.8 * DEGREE)


def test_box_in_the_middle_is_exact(still: Scene) -> None:
    box = still.face_box(0.0, 12 * DEGREE, 4 * DEGREE)
    assert box is not None
    assert box.center == pytest.approx((320, 240), abs=0.05)
    # A face 14.5 cm wide, 80 cm away.
    assert box.width == pytest.approx(still.camera.fx * 0.145 / 0.8, rel=0.02)


def test_face_out_of_view_has_no_box(still: Scene) -> None:
    assert still.face_box(0.0, -60 * DEGREE, 0.0) is None
    assert still.face_box(0.0, math.pi, 0.0) is None


def middle_shift(scene: Scene, pan: float, tilt: float) -> tuple[float, float]:
    """Return how far the middle of the picture moves when the head turns there from home."""
    windows = [
        np.float32(cv2.cvtColor(scene.render(0.0, *pose), cv2.COLOR_BGR2GRAY)[140:340, 220:420])
        for pose in ((0.0, 0.0), (pan, tilt))
    ]
    shift, response = cv2.phaseCorrelate(*windows, cv2.createHanningWindow((200, 200), cv2.CV_32F))
    assert response > 0.3
    return shift


def test_turning_the_head_to_the_left_moves_the_picture_to_the_right(empty: Scene) -> None:
    angle = math.atan(20 / empty.camera.fx)
    assert middle_shift(empty, angle, 0.0) == pytest.approx((20, 0), abs=0.3)


def test_lifting_the_head_moves_the_picture_down(empty: Scene) -> None:
    angle = math.atan(15 / empty.camera.fx)
    assert middle_shift(empty, 0.0, angle) == pytest.approx((0, 15), abs=0.3)


@pytest.mark.parametrize("pan", range(-180, 181, 30))
@pytest.mark.parametrize("tilt", [-40, 0, 40])
def test_room_covers_every_direction(empty: Scene, pan: int, tilt: int) -> None:
    image = empty.render(0.0, pan * DEGREE, tilt * DEGREE)
    # Unpainted pixels would be black or left over; nothing in the room is that dark.
    assert image.max(axis=2).min() > 20


@pytest.mark.parametrize("pan", [0, 45, 90, 180, -120])
def test_room_has_features_to_track(empty: Scene, pan: int) -> None:
    gray = cv2.cvtColor(empty.render(0.0, pan * DEGREE, 0.0), cv2.COLOR_BGR2GRAY)
    corners = cv2.goodFeaturesToTrack(gray, 200, 0.02, 8)
    assert corners is not None
    assert len(corners) >= 40


def test_sides_of_the_room_meet_without_gaps(empty: Scene) -> None:
    """Along a corner of the room the picture must not show a seam of a third colour."""
    pan = math.atan2(2.2, 2.4)
    image = empty.render(0.0, pan, 10 * DEGREE).astype(int)
    row = image[200, 310:330].sum(axis=1)
    assert np.abs(np.diff(row)).max() < 60


def test_nearer_person_covers_the_farther_one() -> None:
    near = Person(StillPath(), distance=0.6)
    far = Person(StillPath(), distance=1.5, mirrored=True)
    alone = Scene(SceneParameters(people=(near,))).render(0.0, 0.0, 0.0)
    for people in ((near, far), (far, near)):
        both = Scene(SceneParameters(people=people)).render(0.0, 0.0, 0.0)
        np.testing.assert_array_equal(both[220:260, 300:340], alone[220:260, 300:340])


def test_two_faces_have_two_boxes() -> None:
    scene = Scene(parse_mode("two"))
    boxes = [scene.face_box(0.0, 0.0, 0.0, index) for index in range(2)]
    near, far = (box for box in boxes if box is not None)
    assert near.width > 1.2 * far.width
    assert near.center[0] < 320 < far.center[0]


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    x, y = round(box.x), round(box.y)
    return image[y : y + round(box.height), x : x + round(box.width)]


def test_face_looks_the_same_wherever_it_is(still: Scene) -> None:
    reference = None
    for pan in (12, 0, 25):
        box = still.face_box(0.0, pan * DEGREE, 0.0)
        assert box is not None
        face = cv2.resize(crop(still.render(0.0, pan * DEGREE, 0.0), box), (48, 60))
        reference = face if reference is None else reference
        correlation = np.corrcoef(face.ravel().astype(float), reference.ravel().astype(float))
        assert correlation[0, 1] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("pan", [-12, 0, 12, 30])
@pytest.mark.parametrize("tilt", [-8, 4, 15])
def test_a_face_detector_finds_the_face_there(still: Scene, pan: int, tilt: int) -> None:
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    box = still.face_box(0.0, pan * DEGREE, tilt * DEGREE)
    assert box is not None
    image = cv2.cvtColor(still.render(0.0, pan * DEGREE, tilt * DEGREE), cv2.COLOR_BGR2RGB)
    detector = facenet_pytorch.MTCNN(keep_all=True, device="cpu")
    found, confidence = detector.detect(image)
    assert found is not None
    assert len(found) == 1, "nothing else in the room looks like a face"
    assert confidence[0] > 0.95
    x0, y0, x1, y1 = found[0]
    center = bearing(still.camera.ray((x0 + x1) / 2, (y0 + y1) / 2), pan * DEGREE, tilt * DEGREE)
    assert np.degrees(center) == pytest.approx((12, 4), abs=1.5)
    assert x1 - x0 == pytest.approx(box.width, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("pan", [-80, -40, 40, 80, 180])
def test_a_face_detector_finds_nothing_in_the_empty_room(empty: Scene, pan: int) -> None:
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    image = cv2.cvtColor(empty.render(0.0, pan * DEGREE, 0.0), cv2.COLOR_BGR2RGB)
    boxes, _ = facenet_pytorch.MTCNN(keep_all=True, device="cpu").detect(image)
    assert boxes is None
