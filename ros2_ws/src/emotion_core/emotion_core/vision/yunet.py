"""Face detection by YuNet through OpenCV, for users who have its model file.

Wu, Peng & Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20,
2023.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.detection import (
    LANDMARK_COUNT,
    Detection,
    DetectorError,
    Image,
    require_image,
)
from emotion_core.vision.geometry import Box


class YuNetDetector:
    """Runs ``face_detection_yunet_*.onnx``.

    Args:
        path: the model file.
        threshold: least confidence of a face, in (0, 1).
        maximum_side: a larger picture is shrunk to this many pixels first, > 0.

    Raises:
        DetectorError: if the file is missing or cannot be read as YuNet.
    """

    def __init__(self, path: Path, *, threshold: float = 0.7, maximum_side: int = 320) -> None:
        if not path.is_file():
            raise DetectorError(f"no YuNet model at {path}")
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be in (0, 1), got {threshold}")
        if maximum_side < 1:
            raise ValueError(f"maximum_side must be positive, got {maximum_side}")
        self._maximum_side = maximum_side
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), threshold)
            self._network.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise DetectorError(f"{path} cannot be read as YuNet: {error}") from error

    def detect(self, image: Image) -> list[Detection]:
        """Find all faces; see :class:`~emotion_core.vision.detection.FaceDetector`."""
        require_image(image)
        height, width = image.shape[:2]
        shrink = max(1.0, max(height, width) / self._maximum_side)
        size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
        if shrink > 1:
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._network.setInputSize(size)
        _, rows = self._network.detect(image)
        if rows is None:
            return []
        scale = np.array([width / size[0], height / size[1]], np.float32)
        faces = [_detection(np.asarray(row, np.float32), scale) for row in rows]
        return sorted(
            (face for face in faces if face is not None),
            key=lambda face: face.confidence,
            reverse=True,
        )


def _detection(row: npt.NDArray[np.float32], scale: npt.NDArray[np.float32]) -> Detection | None:
    """Read one result: x, y, width, height, five points from the picture's left, score."""
    if not np.isfinite(row).all():
        return None
    points = row[4 : 4 + 2 * LANDMARK_COUNT].reshape(LANDMARK_COUNT, 2) * scale
    x, y, width, height = (float(value) for value in row[:4] * np.tile(scale, 2))
    return Detection(
        Box(x, y, max(0.0, width), max(0.0, height)),
        min(max(float(row[-1]), 0.0), 1.0),
        points.astype(np.float32),
    )
