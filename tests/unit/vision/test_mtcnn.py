from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.vision.detection import DetectorError, Image
from emotion_core.vision.geometry import Box, from_corners, intersection_over_union, shifted
from emotion_core.vision.mtcnn import MtcnnDetector, MtcnnVerifier
from emotion_core.vision.mtcnn_network import crops

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def reference() -> object:
    """The same cascade in torch, with its default thresholds and scales."""
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    return facenet_pytorch.MTCNN(keep_all=True)


@pytest.fixture(scope="module")
def fine(mtcnn_directory: Path) -> MtcnnDetector:
    """The cascade with the reference's smallest face, at full resolution."""
    return MtcnnDetector(mtcnn_directory, minimum_face=20, maximum_side=4000)


def parity(reference: object, fine: MtcnnDetector, image: Image) -> tuple[float, float]:
    """The only face's IoU and mean distance of landmarks in widths of the face."""
    corners, _, landmarks = reference.detect(  # type: ignore[attr-defined]
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB), landmarks=True
    )
    (face,) = fine.detect(image)
    (edges,), (points,) = corners, landmarks
    box = from_corners(*map(float, edges))
    distances = np.hypot(*(face.landmarks - points.astype(float)).T)
    return intersection_over_union(face.box, box), float(distances.mean()) / box.width


def test_boxes_agree_with_the_reference_on_a_portrait(
    reference: object, fine: MtcnnDetector, astronaut: Image
) -> None:
    for left in (0, 13, 50):
        moved = cv2.copyMakeBorder(astronaut, 7, 0, left, 0, cv2.BORDER_REPLICATE)
        overlap, distance = parity(reference, fine, moved)
        assert overlap >= 0.9
        assert distance < 0.03


@pytest.mark.slow
def test_boxes_agree_with_the_reference_on_a_video(
    reference: object, fine: MtcnnDetector, clip: Path
) -> None:
    capture = cv2.VideoCapture(str(clip))
    frames = [capture.read()[1] for _ in range(460)][::20]
    overlaps, distances = zip(*(parity(reference, fine, frame) for frame in frames), strict=True)
    # Of proposals that the last network likes equally well either may win, and where the picture
    # cuts a face the reference stretches what is left: single frames may differ more.
    assert np.mean(overlaps) >= 0.93
    assert np.min(overlaps) >= 0.75
    assert np.median(distances) < 0.03


def test_a_face_is_found_with_its_landmarks_in_order(
    mtcnn: MtcnnDetector, astronaut: Image
) -> None:
    (face,) = mtcnn.detect(astronaut)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert face.confidence > 0.99
    assert intersection_over_union(face.box, Box(178, 68, 92, 116)) > 0.8
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert face.landmarks.dtype == np.float32


def test_several_faces_are_found(mtcnn: MtcnnDetector, astronaut: Image) -> None:
    head = astronaut[20:260, 110:340]
    faces = mtcnn.detect(np.ascontiguousarray(np.hstack([head, head[:, ::-1], head])))
    assert len(faces) == 3
    assert [f.confidence for f in faces] == sorted((f.confidence for f in faces), reverse=True)


def test_the_smallest_face_is_a_parameter(mtcnn_directory: Path, astronaut: Image) -> None:
    small = cv2.resize(astronaut, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert len(MtcnnDetector(mtcnn_directory, minimum_face=30).detect(small)) == 1
    assert MtcnnDetector(mtcnn_directory, minimum_face=120).detect(small) == []


@pytest.mark.parametrize("cut", [0.1, 0.25])
def test_a_face_cut_by_the_edge_is_completed(
    mtcnn: MtcnnDetector, astronaut: Image, cut: float
) -> None:
    whole = mtcnn.detect(astronaut)[0].box
    start = round(whole.x + cut * whole.width)
    faces = mtcnn.detect(np.ascontiguousarray(astronaut[:, start:]))
    truth = shifted(whole, -start, 0)
    assert max(intersection_over_union(face.box, truth) for face in faces) > 0.7


def test_the_verifier_corrects_a_box_and_rejects_background(
    mtcnn: MtcnnDetector, astronaut: Image
) -> None:
    truth = mtcnn.detect(astronaut)[0].box
    off, wall = shifted(truth, 0.15 * truth.width, -0.1 * truth.height), Box(20, 300, 100, 100)
    face, nothing = mtcnn.verify(astronaut, [off, wall])
    assert face.confidence > 0.9
    assert intersection_over_union(face.box, truth) > intersection_over_union(off, truth)
    assert nothing.confidence < 0.5
    assert mtcnn.verify(astronaut, []) == []


@settings(max_examples=40, deadline=None)
@given(
    boxes=st.lists(
        st.builds(
            Box,
            st.floats(-1e6, 1e6),
            st.floats(-1e6, 1e6),
            st.floats(0, 1e6),
            st.floats(0, 1e6),
        ),
        max_size=4,
    )
)
def test_any_finite_box_gets_a_finite_answer(
    mtcnn: MtcnnDetector, astronaut: Image, boxes: list[Box]
) -> None:
    answers = mtcnn.verify(astronaut, boxes)
    assert len(answers) == len(boxes)
    for answer in answers:
        assert 0 <= answer.confidence <= 1
        assert np.isfinite(answer.landmarks).all()
        assert answer.box.width >= 0


def test_a_box_that_is_no_number_is_refused(mtcnn: MtcnnDetector, astronaut: Image) -> None:
    with pytest.raises(ValueError, match="finite"):
        mtcnn.verify(astronaut, [Box(float("nan"), 0, 10, 10)])


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (11, 11), (13, 13), (6000, 8000)])
def test_frames_of_any_size(mtcnn: MtcnnDetector, size: tuple[int, int]) -> None:
    assert mtcnn.detect(np.zeros((*size, 3), np.uint8)) == []


def test_a_huge_frame_is_searched(mtcnn: MtcnnDetector, astronaut: Image) -> None:
    huge = cv2.resize(astronaut, (8000, 6000), interpolation=cv2.INTER_NEAREST)
    (face,) = mtcnn.detect(huge)
    assert face.box.width == pytest.approx(92 * 8000 / 512, rel=0.25)


def test_noise_and_black_hold_no_face(mtcnn: MtcnnDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert mtcnn.detect(noise) == []
    assert mtcnn.detect(np.zeros((240, 320, 3), np.uint8)) == []


def test_a_wrong_image_is_refused(mtcnn: MtcnnDetector) -> None:
    with pytest.raises(ValueError, match=r"\(64, 64\)"):
        mtcnn.detect(np.zeros((64, 64), np.uint8))
    with pytest.raises(ValueError, match="float64"):
        mtcnn.verify(np.zeros((64, 64, 3)), [])  # type: ignore[arg-type]


@pytest.fixture
def copied(mtcnn_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mtcnn_directory, tmp_path / "mtcnn"))


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_a_missing_network_is_named_with_the_command_that_makes_it(copied: Path, name: str) -> None:
    (copied / f"{name}.onnx").unlink()
    with pytest.raises(DetectorError, match=rf"{name}\.onnx is missing.*emotion-train export"):
        MtcnnDetector(copied)


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_a_damaged_network_is_named(copied: Path, content: bytes | None) -> None:
    path = copied / "rnet.onnx"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(DetectorError, match=r"rnet\.onnx.*emotion-train export"):
        MtcnnDetector(copied)


def test_one_network_in_the_place_of_another_is_noticed(copied: Path) -> None:
    shutil.copy(copied / "rnet.onnx", copied / "pnet.onnx")
    with pytest.raises(DetectorError, match=r"pnet\.onnx"):
        MtcnnDetector(copied)
    MtcnnVerifier(copied)


@pytest.mark.parametrize("argument", ["minimum_face", "maximum_side"])
def test_parameters_out_of_range_are_refused(mtcnn_directory: Path, argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        MtcnnDetector(mtcnn_directory, **{argument: 11})


def test_crops_are_black_beyond_the_edge() -> None:
    white = np.full((20, 20, 3), 255, np.uint8)
    (crop,) = crops(white, np.array([[-10.0, 0.0, 10.0, 20.0]]), 24)
    assert not crop[:, :12].any()
    assert (crop[:, 12:] == 255).all()
    (outside,) = crops(white, np.array([[100.0, 100.0, 120.0, 120.0]]), 24)
    assert not outside.any()
