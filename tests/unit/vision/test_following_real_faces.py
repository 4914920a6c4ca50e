"""Tracker and networks together, on a real face before a real background."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import skimage.data

from emotion_core.vision.detection import Image
from emotion_core.vision.geometry import Box, from_corners, intersection_over_union
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.tracking import FaceSource, FaceTracker, TrackedFace

pytestmark = pytest.mark.unit

FRAME_RATE = 25.0
HEAD = (slice(10, 270), slice(95, 355))
FACE_SIDE = 105.0


@pytest.fixture(scope="module")
def desk() -> Image:
    """A blurred still life, BGR (480, 640, 3)."""
    picture = cv2.resize(skimage.data.coffee()[..., ::-1], (640, 480))
    return cv2.GaussianBlur(picture, (0, 0), 2)


@pytest.fixture(scope="module")
def compose(astronaut: Image, desk: Image) -> Callable[..., Image]:
    """Shows the astronaut's head at a place and size before the desk."""
    head = astronaut[HEAD]
    side = head.shape[0]
    mask = np.zeros((side, side), np.float32)
    cv2.ellipse(mask, (side // 2, side // 2), (85, 115), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 5)

    def draw(x: float, y: float, face_side: float = 100.0) -> Image:
        scale = face_side / FACE_SIDE
        move = np.array([[scale, 0, x - scale * side / 2], [0, scale, y - scale * side / 2]])
        shown = cv2.warpAffine(head, move, (640, 480))
        alpha = cv2.warpAffine(mask, move, (640, 480))[..., np.newaxis]
        return (desk * (1 - alpha) + shown * alpha).astype(np.uint8)

    return draw


def track(
    mtcnn: MtcnnDetector, picture: Callable[[float], Image], seconds: float
) -> list[list[TrackedFace]]:
    tracker = FaceTracker(mtcnn, mtcnn)
    count = round(seconds * FRAME_RATE)
    return [tracker.update(picture(n / FRAME_RATE), n / FRAME_RATE) for n in range(count)]


def test_a_swinging_face_agrees_with_the_detector_in_every_frame(
    mtcnn: MtcnnDetector, compose: Callable[..., Image]
) -> None:
    def picture(t: float) -> Image:
        return compose(320 + 180 * math.sin(4 * t), 240 + 30 * math.cos(3 * t))

    reported = track(mtcnn, picture, 2.0)
    assert {face.id for faces in reported for face in faces} == {"f1"}
    for index, faces in enumerate(reported):
        detected = mtcnn.detect(picture(index / FRAME_RATE))[0]
        assert intersection_over_union(faces[0].box, detected.box) > 0.8
        assert np.abs(faces[0].landmarks - detected.landmarks).max() < 10


def test_coming_near_and_going_away(mtcnn: MtcnnDetector, compose: Callable[..., Image]) -> None:
    reported = track(mtcnn, lambda t: compose(320, 240, 130 * math.exp(0.6 * math.sin(2 * t))), 3.0)
    assert {face.id for faces in reported for face in faces} == {"f1"}
    widths = [faces[0].box.width for faces in reported]
    assert max(widths) / min(widths) == pytest.approx(math.exp(1.2), rel=0.15)


def test_a_hand_before_the_face(mtcnn: MtcnnDetector, compose: Callable[..., Image]) -> None:
    def picture(t: float) -> Image:
        frame = compose(320, 240)
        if 0.8 <= t < 1.4:
            cv2.ellipse(frame, (320, 240), (65, 85), 0, 0, 360, (120, 150, 200), -1)
        return frame

    reported = track(mtcnn, picture, 2.4)
    assert {face.id for faces in reported for face in faces} == {"f1"}
    assert all(len(faces) == 1 for faces in reported)
    assert all(faces[0].source is FaceSource.PREDICTED for faces in reported[21:35])
    assert all(abs(faces[0].box.center[0] - 320) < 15 for faces in reported)
    assert reported[-1][0].source is not FaceSource.PREDICTED


def test_a_sudden_turn_of_the_camera(mtcnn: MtcnnDetector, compose: Callable[..., Image]) -> None:
    reported = track(mtcnn, lambda t: compose(140 if t < 1.0 else 480, 240), 2.0)
    assert {face.id for faces in reported for face in faces} == {"f1"}
    assert abs(reported[-1][0].box.center[0] - 480) < 15


def test_an_empty_room_has_no_face(mtcnn: MtcnnDetector, desk: Image) -> None:
    assert track(mtcnn, lambda _: desk, 2.0) == [[]] * 50


@pytest.mark.parametrize("value", [0, 255])
def test_frames_without_content(mtcnn: MtcnnDetector, value: int) -> None:
    blank = np.full((480, 640, 3), value, np.uint8)
    assert track(mtcnn, lambda _: blank, 0.4) == [[]] * 10


def test_frames_of_changing_size(mtcnn: MtcnnDetector, compose: Callable[..., Image]) -> None:
    tracker = FaceTracker(mtcnn, mtcnn)
    face = compose(320, 240)
    sizes = [(640, 480), (1, 1), (320, 240), (8000, 6000), (16, 16), (640, 480), (640, 480)]
    seen = []
    for index, size in enumerate(sizes):
        frame = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
        seen.append(tracker.update(frame, index / FRAME_RATE))
    assert seen[0][0].id == seen[-1][0].id
    x, y = seen[0][0].box.center
    assert seen[3][0].box.center == pytest.approx((12.5 * x, 12.5 * y), abs=100)


@pytest.mark.slow
def test_one_woman_through_a_whole_clip(mtcnn: MtcnnDetector, clip: object) -> None:
    """She cries, covers her face with her hands, turns and laughs."""
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    reference = facenet_pytorch.MTCNN(keep_all=True)
    capture = cv2.VideoCapture(str(clip))
    tracker = FaceTracker(mtcnn, mtcnn)
    frames, ids, boxes, matched = 0, [], 0, 0
    while True:
        read, frame = capture.read()
        if not read:
            break
        faces = tracker.update(frame, frames / 23.976)
        frames += 1
        ids += [face.id for face in faces]
        if frames % 4 == 0:
            corners, _ = reference.detect(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            found = [from_corners(*map(float, edges)) for edges in corners]
            boxes += len(found)
            matched += sum(_has_match(box, faces) for box in found)
    assert len(ids) >= 0.97 * frames
    assert ids.count("f1") >= 0.95 * len(ids)
    assert matched >= 0.98 * boxes


def _has_match(box: Box, faces: list[TrackedFace]) -> bool:
    return any(intersection_over_union(box, face.box) >= 0.5 for face in faces)
