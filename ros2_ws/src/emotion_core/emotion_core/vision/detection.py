"""What a face detector gives and what is asked of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from emotion_core.vision.geometry import Box

Image = npt.NDArray[np.uint8]
"""Shape (height, width, 3), BGR."""

Landmarks = npt.NDArray[np.float32]
"""Shape (5, 2), x and y in pixels, as the image shows them: left eye, right eye, nose tip, left
mouth corner, right mouth corner. "Left" is the left of the picture."""

LANDMARK_COUNT: Final = 5


class DetectorError(RuntimeError):
    """A detector cannot be made: its files are missing, corrupt or of another network."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face in one picture.

    Attributes:
        box: pixels of the picture; it may leave the picture.
        confidence: the detector's probability of a face, in [0, 1].
        landmarks: shape (5, 2), float32, see :data:`Landmarks`.
    """

    box: Box
    confidence: float
    landmarks: Landmarks


class FaceDetector(Protocol):
    """Finds all faces of a picture."""

    def detect(self, image: Image) -> list[Detection]:
        """Return the faces of ``image``, the most confident first.

        Raises:
            ValueError: if ``image`` is no uint8 array of shape (height, width, 3).
        """
        ...


class FaceVerifier(Protocol):
    """Judges and corrects given boxes at a small part of a detector's cost."""

    def verify(self, image: Image, boxes: Sequence[Box]) -> list[Detection]:
        """Return one detection for each box: its corrected place and the probability of a face.

        A box that holds no face comes back with a low confidence, and its place means nothing.

        Raises:
            ValueError: if ``image`` is no uint8 array of shape (height, width, 3).
        """
        ...


def require_image(image: npt.NDArray[Any]) -> None:
    """Raise unless ``image`` is a non-empty uint8 array of shape (height, width, 3).

    Raises:
        ValueError: naming the type, shape or dtype that was given.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(  # noqa: TRY004 - callers catch one type for every unusable frame
            f"an image must be a numpy array, got {type(image).__name__}"
        )
    if image.dtype != np.uint8:
        raise ValueError(f"an image must be uint8, got {image.dtype}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"an image must have shape (height, width, 3), got {image.shape}")
