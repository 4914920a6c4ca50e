"""Cutting a face out the way the expression model was taught to see it."""

from __future__ import annotations

import math
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.detection import Image, Landmarks, require_image
from emotion_core.vision.geometry import Box

GreyCrop = npt.NDArray[np.uint8]
"""Shape (side, side)."""

_FER2013_LANDMARKS: Final = np.array(
    [[0.315, 0.387], [0.685, 0.387], [0.5, 0.602], [0.345, 0.78], [0.655, 0.78]]
)
"""Where MTCNN finds the five landmarks in FER2013's training pictures: the medians, made
symmetric, in shares of the picture's side."""
_FER2013_SIDE: Final = 1.08
"""Side of FER2013's pictures over the geometric mean of an MTCNN box's sides, the median."""
_IMPLAUSIBLE: Final = 1.7
"""Ratio of the sides that landmarks and box call for, from which on the landmarks are wrong."""

_SUPERSAMPLING_LIMIT: Final = 16


class LocatedFace(Protocol):
    """A face with a box and landmarks: a detection or a tracked face."""

    @property
    def box(self) -> Box:
        """Pixels; it may leave the picture."""
        ...

    @property
    def landmarks(self) -> Landmarks:
        """Shape (5, 2), pixels."""
        ...


def aligned_crop(image: Image, face: LocatedFace, side: int = 48) -> GreyCrop:
    """Return the face as FER2013 frames it, grey, shape (side, side).

    Beyond the picture's edge the outermost pixels repeat.

    Raises:
        ValueError: if ``image`` is no uint8 array of shape (height, width, 3) or ``side`` < 1.
    """
    require_image(image)
    if side < 1:
        raise ValueError(f"side must be positive, got {side}")
    return warped(image, framing(face, side), side)


def framing(face: LocatedFace, side: int) -> npt.NDArray[np.float64]:
    """Return the affine map (2, 3) from pixels of the picture to pixels of the crop.

    It turns, scales and shifts the face so that its landmarks come closest to where FER2013 has
    them (least squares: Umeyama, IEEE PAMI 13(4), 1991). Where the landmarks make no sense, the box
    alone decides.
    """
    boxed = side / max(1.0, _FER2013_SIDE * math.sqrt(max(face.box.area, 0.0)))
    fitted = _similarity(face.landmarks.astype(np.float64), _FER2013_LANDMARKS * side)
    if fitted is not None:
        scale = math.hypot(fitted[0, 0], fitted[1, 0])
        if boxed / _IMPLAUSIBLE < scale < boxed * _IMPLAUSIBLE:
            return fitted
    x, y = face.box.center
    return np.array([[boxed, 0.0, side / 2 - boxed * x], [0.0, boxed, side / 2 - boxed * y]])


def _similarity(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """Return the turn, scale and shift (2, 3) that takes points (N, 2) closest to others.

    None if the points do not determine it.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    from_, to = source - source_mean, target - target_mean
    spread = float((from_**2).sum())
    if not (math.isfinite(spread) and spread > 1e-6):
        return None
    along = float((from_ * to).sum()) / spread
    across = float((from_[:, 0] * to[:, 1] - from_[:, 1] * to[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.hstack([turn, (target_mean - turn @ source_mean)[:, np.newaxis]])


def warped(image: Image, transform: npt.NDArray[np.float64], side: int) -> GreyCrop:
    """Sample ``image`` through an affine map, without aliasing when it shrinks."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0, side, side], [0, side, 0, side], [1, 1, 1, 1]], np.float64)
    covered = cv2.invertAffineTransform(transform) @ corners
    # Only the part that is needed: the warp refuses pictures of more than 32767 pixels a side.
    left, top = np.clip(np.floor(covered.min(axis=1)) - 1, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(
        np.ceil(covered.max(axis=1)) + 2, [left + 1, top + 1], [width, height]
    ).astype(int)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)

    shrinking = 1 / max(math.sqrt(abs(np.linalg.det(transform[:, :2]))), 1e-6)
    oversampling = int(np.clip(round(shrinking), 1, _SUPERSAMPLING_LIMIT))
    # Pixel centres lie at whole numbers for the warp, edges do here.
    local = transform.copy()
    local[:, 2] += transform[:, :2] @ [left + 0.5, top + 0.5]
    local = local * oversampling
    local[:, 2] -= 0.5
    fine = cv2.warpAffine(
        grey,
        local,
        (side * oversampling, side * oversampling),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
