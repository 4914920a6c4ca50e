from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_core.vision.detection import DetectorError, Image
from emotion_core.vision.yunet import YuNetDetector

pytestmark = pytest.mark.unit


class StandIn:
    """OpenCV's detector without a model: it answers with fixed rows in its own input size."""

    def __init__(self, rows: list[list[float]] | None) -> None:
        self.rows = rows
        self.sizes: list[tuple[int, int]] = []

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.sizes.append(size)

    def detect(self, image: Image) -> tuple[int, np.ndarray | None]:
        if self.sizes:
            assert image.shape[1::-1] == self.sizes[-1]
        return 1, None if self.rows is None else np.array(self.rows, np.float32)


def make(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rows: list[list[float]] | None
) -> tuple[YuNetDetector, StandIn]:
    stand_in = StandIn(rows)
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", lambda *_: stand_in)
    path = tmp_path / "yunet.onnx"
    path.touch()
    return YuNetDetector(path), stand_in


def row(x: float, score: float) -> list[float]:
    points = [x + 10, 60, x + 30, 60, x + 20, 70, x + 12, 80, x + 28, 80]
    return [x, 50, 40, 50, *points, score]


def test_results_are_in_pixels_of_the_picture_best_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    detector, stand_in = make(monkeypatch, tmp_path, [row(20, 0.8), row(200, 0.95)])
    best, other = detector.detect(np.zeros((480, 640, 3), np.uint8))
    assert stand_in.sizes == [(320, 240)]
    assert best.confidence == pytest.approx(0.95)
    assert (best.box.x, best.box.y, best.box.width, best.box.height) == (400, 100, 80, 100)
    assert other.landmarks.tolist() == [[60, 120], [100, 120], [80, 140], [64, 160], [96, 160]]


def test_nothing_found_and_nonsense_are_no_faces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frame = np.zeros((48, 64, 3), np.uint8)
    assert make(monkeypatch, tmp_path, None)[0].detect(frame) == []
    assert make(monkeypatch, tmp_path, [row(float("nan"), 0.9)])[0].detect(frame) == []


def test_a_wrong_image_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    detector, _ = make(monkeypatch, tmp_path, None)
    with pytest.raises(ValueError, match="uint8"):
        detector.detect(np.zeros((48, 64, 3), np.float32))  # type: ignore[arg-type]


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"no YuNet model at .*absent\.onnx"):
        YuNetDetector(tmp_path / "absent.onnx")


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_damaged_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    with pytest.raises(DetectorError, match=r"damaged\.onnx cannot be read as YuNet"):
        YuNetDetector(path)


def test_another_network_is_no_yunet(mtcnn_directory: Path) -> None:
    with pytest.raises(DetectorError, match=r"onet\.onnx cannot be read as YuNet"):
        YuNetDetector(mtcnn_directory / "onet.onnx")


@pytest.mark.parametrize(("name", "value"), [("threshold", 1.0), ("maximum_side", 0)])
def test_parameters_out_of_range_are_refused(tmp_path: Path, name: str, value: float) -> None:
    path = tmp_path / "yunet.onnx"
    path.touch()
    with pytest.raises(ValueError, match=name):
        YuNetDetector(path, **{name: value})  # type: ignore[arg-type]
