"""Face detection by a cascade of three small networks, on onnxruntime.

Zhang, Zhang, Li & Qiao: "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks", IEEE Signal Processing Letters 23(10), 2016. A proposal network slides over a pyramid of
the picture, a refinement network throws most proposals out, an output network gives the final box,
its probability and five landmarks. The last one alone also follows a known face from frame to
frame: see :class:`MtcnnVerifier`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.detection import (
    LANDMARK_COUNT,
    Detection,
    Image,
    Landmarks,
    require_image,
)
from emotion_core.vision.geometry import Box, from_corners, is_finite
from emotion_core.vision.mtcnn_network import (
    OUTPUT_SIDE,
    PROPOSAL_STRIDE,
    PROPOSAL_WINDOW,
    REFINEMENT_SIDE,
    Corners,
    Network,
    crops,
    to_tensor,
)

Scores = npt.NDArray[np.float32]
"""Shape (N,): probability of a face, in [0, 1]."""

THRESHOLDS: Final = (0.6, 0.7, 0.7)
"""Least probability to pass the proposal, the refinement and the output network."""

_SCALE_FACTOR: Final = 0.709
"""Between one level of the pyramid and the next: each halves the area."""
_PROPOSAL_LIMIT: Final = 128
"""Most proposals that the refinement network sees; bounds the time on an adverse picture."""


class MtcnnVerifier:
    """The cascade's output network alone, on given boxes.

    Args:
        directory: folder with ``onet.onnx``.
        threads: of the session.

    Raises:
        DetectorError: if the file is missing or is not that network.
    """

    def __init__(self, directory: Path, *, threads: int = 1) -> None:
        self._network = Network(directory, "onet", threads)

    def verify(self, image: Image, boxes: Sequence[Box]) -> list[Detection]:
        """Correct each box; see :class:`~emotion_core.vision.detection.FaceVerifier`."""
        require_image(image)
        corners, scores, landmarks = _output_stage(image, _to_corners(boxes), self._network)
        return _to_detections(corners, scores, landmarks)


class MtcnnDetector(MtcnnVerifier):
    """The whole cascade; it is also a verifier and shares the output network with itself.

    Args:
        directory: folder with ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``.
        minimum_face: side of the smallest face looked for, pixels of the given picture, >= 12.
        maximum_side: the first two networks see the picture shrunk by the smallest whole number
            that brings its longer side to this many pixels or fewer, >= 12, which bounds time and
            memory. A face of fewer than 12 pixels in the shrunk picture is not found.
        threads: of each session.

    Raises:
        DetectorError: if a file is missing or is not that network.
        ValueError: if a number is out of its range.
    """

    def __init__(
        self,
        directory: Path,
        *,
        minimum_face: int = 40,
        maximum_side: int = 320,
        threads: int = 1,
    ) -> None:
        if minimum_face < PROPOSAL_WINDOW:
            raise ValueError(f"minimum_face must be >= {PROPOSAL_WINDOW}, got {minimum_face}")
        if maximum_side < PROPOSAL_WINDOW:
            raise ValueError(f"maximum_side must be >= {PROPOSAL_WINDOW}, got {maximum_side}")
        super().__init__(directory, threads=threads)
        self._minimum_face = minimum_face
        self._maximum_side = maximum_side
        self._proposal = Network(directory, "pnet", threads)
        self._refinement = Network(directory, "rnet", threads)

    def detect(self, image: Image) -> list[Detection]:
        """Find all faces; see :class:`~emotion_core.vision.detection.FaceDetector`."""
        require_image(image)
        shrunk, divisor = _shrunk(image, self._maximum_side)
        corners = self._propose(shrunk, max(PROPOSAL_WINDOW, self._minimum_face / divisor))
        corners = self._refine(shrunk, corners) * divisor
        # The landmarks deserve every pixel there is.
        corners, scores, landmarks = _output_stage(image, corners, self._network)
        passed = scores >= THRESHOLDS[2]
        corners, scores, landmarks = corners[passed], scores[passed], landmarks[passed]
        kept = _suppress_nested(corners, scores, 0.7)
        return _to_detections(corners[kept], scores[kept], landmarks[kept])

    def _propose(self, image: Image, minimum_face: float) -> Corners:
        """Slide the proposal network over the pyramid; return square boxes, best first."""
        height, width = image.shape[:2]
        found: list[Corners] = []
        found_scores: list[Scores] = []
        scale = PROPOSAL_WINDOW / minimum_face
        while min(height, width) * scale >= PROPOSAL_WINDOW:
            size = (int(width * scale + 1), int(height * scale + 1))
            level = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            regression, probability = self._proposal.run(to_tensor(level[np.newaxis]))
            rows, columns = np.nonzero(probability[0, 1] >= THRESHOLDS[0])
            scores = probability[0, 1, rows, columns]
            # On whole pixels, as the cascade's common implementations have it: the final choice
            # between nearly equal proposals depends on it.
            cells = np.stack([columns, rows], axis=1) * PROPOSAL_STRIDE
            corners = np.hstack(
                [np.floor((cells + 1) / scale) - 1, np.floor((cells + PROPOSAL_WINDOW) / scale)]
            )
            kept = _suppress(corners, scores, 0.5, _PROPOSAL_LIMIT)
            offsets = regression[0, :, rows[kept], columns[kept]]
            found.append(np.hstack([corners[kept], offsets]))
            found_scores.append(scores[kept])
            scale *= _SCALE_FACTOR
        if not found:
            return np.empty((0, 4))
        merged, scores = np.concatenate(found), np.concatenate(found_scores)
        kept = _suppress(merged[:, :4], scores, 0.7, _PROPOSAL_LIMIT)
        return _squared(_sound(_regressed(merged[kept, :4], merged[kept, 4:])))

    def _refine(self, image: Image, corners: Corners) -> Corners:
        """Let the refinement network judge and correct square proposals."""
        if len(corners) == 0:
            return corners
        regression, probability = self._refinement.run(
            to_tensor(crops(image, corners, REFINEMENT_SIDE))
        )
        scores = probability[:, 1]
        passed = scores >= THRESHOLDS[1]
        corners, scores, regression = corners[passed], scores[passed], regression[passed]
        kept = _suppress(corners, scores, 0.7, _PROPOSAL_LIMIT)
        return _sound(_regressed(corners[kept], regression[kept]))


def _output_stage(
    image: Image, corners: Corners, network: Network
) -> tuple[Corners, Scores, Landmarks]:
    """Run the output network on boxes made square.

    Returns:
        Corrected corners (N, 4), probabilities (N,) and landmarks (N, 5, 2) in pixels. What is not
        finite comes back as zeros with probability zero.
    """
    if len(corners) == 0:
        empty = np.empty((0, LANDMARK_COUNT, 2), np.float32)
        return np.empty((0, 4)), np.empty(0, np.float32), empty
    squares = _squared(corners)
    regression, relative, probability = network.run(to_tensor(crops(image, squares, OUTPUT_SIDE)))
    sides = (squares[:, 2:] - squares[:, :2])[:, np.newaxis]
    # The network lists the five x before the five y.
    points = np.stack([relative[:, :LANDMARK_COUNT], relative[:, LANDMARK_COUNT:]], axis=2)
    landmarks = (squares[:, np.newaxis, :2] + points * sides).astype(np.float32)
    corrected = _regressed(squares, regression)
    scores = np.clip(probability[:, 1], 0.0, 1.0)
    sound = np.isfinite(corrected).all(1) & np.isfinite(landmarks).all((1, 2)) & np.isfinite(scores)
    corrected[~sound], landmarks[~sound], scores[~sound] = 0.0, 0.0, 0.0
    return corrected, scores, landmarks


def _shrunk(image: Image, maximum_side: int) -> tuple[Image, int]:
    """Shrink a picture by a whole number until neither side exceeds ``maximum_side``.

    Returns:
        The picture, and the number its sides were divided by.
    """
    height, width = image.shape[:2]
    divisor = math.ceil(max(height, width) / maximum_side)
    if divisor == 1:
        return image, 1
    # Cropped to a multiple first, so that one pixel is exactly divisor × divisor of the original.
    size = (max(1, width // divisor), max(1, height // divisor))
    covered = image[: size[1] * divisor, : size[0] * divisor]
    return np.asarray(cv2.resize(covered, size, interpolation=cv2.INTER_AREA), np.uint8), divisor


def _regressed(corners: Corners, offsets: npt.NDArray[Any]) -> Corners:
    """Move each edge by its offset, given in shares of the box's width or height."""
    sides = corners[:, 2:] - corners[:, :2]
    moved: Corners = corners + offsets * np.hstack([sides, sides])
    return moved


def _sound(corners: Corners) -> Corners:
    """Return the boxes that are finite and not empty."""
    finite = np.isfinite(corners).all(axis=1)
    return corners[finite & (corners[:, 2:] > corners[:, :2]).all(axis=1)]


def _squared(corners: Corners) -> Corners:
    """Grow the shorter side of each box about its centre."""
    centers = (corners[:, :2] + corners[:, 2:]) / 2
    half = (corners[:, 2:] - corners[:, :2]).max(axis=1, keepdims=True) / 2
    return np.hstack([centers - half, centers + half])


def _suppress(
    corners: Corners, scores: Scores, threshold: float, limit: int
) -> npt.NDArray[np.intp]:
    """Return the indices of the boxes that no better one overlaps too much, the best first."""
    if len(corners) == 0:
        return np.empty(0, np.intp)
    rectangles = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    kept = cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, threshold)
    return np.asarray(kept, np.intp).reshape(-1)[:limit]


def _suppress_nested(corners: Corners, scores: Scores, threshold: float) -> npt.NDArray[np.intp]:
    """Like :func:`_suppress`, with the overlap taken as a share of the smaller of two boxes."""
    kept: list[int] = []
    areas = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    for index in np.argsort(-scores, kind="stable"):
        top_left = np.maximum(corners[index, :2], corners[kept, :2])
        bottom_right = np.minimum(corners[index, 2:], corners[kept, 2:])
        shared = np.prod(np.maximum(bottom_right - top_left, 0), axis=1)
        if np.all(shared <= threshold * np.minimum(areas[index], areas[kept])):
            kept.append(int(index))
    return np.asarray(kept, np.intp)


def _to_corners(boxes: Sequence[Box]) -> Corners:
    for box in boxes:
        if not is_finite(box):
            raise ValueError(f"a box must be finite, got {box}")
    edges = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.asarray(edges, dtype=np.float64).reshape(-1, 4)


def _to_detections(corners: Corners, scores: Scores, landmarks: Landmarks) -> list[Detection]:
    return [
        Detection(from_corners(*map(float, edges)), float(score), points)
        for edges, score, points in zip(corners, scores, landmarks.astype(np.float32), strict=True)
    ]
