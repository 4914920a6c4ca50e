"""Where a face went between two frames, from the pixels alone.

Points on the face are followed with pyramidal Lucas-Kanade flow forth and back again; those that do
not return are dropped, and the medians of what the rest did are the face's motion (Kalal,
Mikolajczyk & Matas: "Forward-Backward Error", ICPR 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.detection import Image
from emotion_core.vision.geometry import Box

Points = npt.NDArray[np.float32]
"""Shape (N, 2): x and y in pixels."""
Kept = npt.NDArray[np.bool_]
"""Shape (N,): whether a point was followed reliably."""

FLOW_SIDE: Final = 320
"""Flow is computed on a picture whose longer side is at most this many pixels."""

_GRID: Final = 6
_CORE: Final = 0.7
_WINDOW: Final = (15, 15)
_LEVELS: Final = 2
"""At a coarser level the window would be larger than a face and measure what is behind it."""
_RETURN_ERROR: Final = 0.7
_FEWEST: Final = 12
_SCALE_LIMIT: Final = 1.1
_TOLERANCE: Final = 0.05
"""How far a point may be from where shift and scale put it, in widths of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowPicture:
    """A small grey copy of a frame, shape (height, width) uint8.

    Attributes:
        grey: the copy.
        scale: the copy's pixels for each of the frame's, horizontally and vertically.
    """

    grey: npt.NDArray[np.uint8]
    scale: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Motion:
    """What a box did between two frames.

    Attributes:
        right: shift of its centre, pixels.
        down: shift of its centre, pixels.
        scale: ratio of its sides, > 0.
    """

    right: float
    down: float
    scale: float

    def apply(self, box: Box) -> Box:
        """Return where ``box`` is after the motion."""
        x, y = box.center
        width, height = box.width * self.scale, box.height * self.scale
        return Box(x + self.right - width / 2, y + self.down - height / 2, width, height)


def flow_picture(image: Image) -> FlowPicture:
    """Shrink a frame (height, width, 3) for the flow."""
    height, width = image.shape[:2]
    divisor = math.ceil(max(height, width) / FLOW_SIDE)
    size = (max(1, width // divisor), max(1, height // divisor))
    if divisor > 1:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return FlowPicture(grey, (size[0] / width, size[1] / height))


def seed_points(box: Box) -> Points:
    """Return a regular grid of points on the inner part of a face."""
    steps = (np.arange(_GRID) + 0.5) / _GRID - 0.5
    x, y = box.center
    columns, rows = np.meshgrid(x + steps * _CORE * box.width, y + steps * _CORE * box.height)
    return np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)


def follow(
    before: FlowPicture, after: FlowPicture, points: Points, guess: Points
) -> tuple[Points, Kept]:
    """Follow points from one frame to the next.

    Args:
        before: the earlier frame.
        after: the later frame, of the same size.
        points: where the points are in the earlier frame, pixels of the full frame.
        guess: where each may be in the later one.

    Returns:
        Their places in the later frame, and which of them came back to their origin.
    """
    if len(points) == 0:
        return points, np.empty(0, np.bool_)
    scale = np.array(before.scale, np.float32)
    origin = np.ascontiguousarray((points * scale)[:, np.newaxis])
    start = np.ascontiguousarray((guess * scale)[:, np.newaxis])
    # The pyramid must not shrink below the window.
    levels = int(np.clip(math.log2(max(min(before.grey.shape), 1) / _WINDOW[0]), 0, _LEVELS))
    flags = cv2.OPTFLOW_USE_INITIAL_FLOW
    step = start - origin
    # The result is written into the guess, hence the copies.
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before.grey, after.grey, origin, start.copy(), None, None, _WINDOW, levels, flags=flags
    )
    back, returned, _ = cv2.calcOpticalFlowPyrLK(
        after.grey, before.grey, there, there - step, None, None, _WINDOW, levels, flags=flags
    )
    error = np.linalg.norm((back - origin)[:, 0], axis=1)
    height, width = after.grey.shape
    place = there[:, 0]
    inside = ((place >= 0) & (place < (width, height))).all(axis=1)
    kept = (found[:, 0] == 1) & (returned[:, 0] == 1) & (error < _RETURN_ERROR) & inside
    moved = np.where(kept[:, np.newaxis], place / scale, points).astype(np.float32)
    return moved, np.asarray(kept, np.bool_)


def motion_between(before: Points, after: Points, box: Box) -> Motion | None:
    """Return the motion of ``box`` that its points describe; None when too few of them agree.

    Args:
        before: shape (N, 2), reliable points in the earlier frame.
        after: the same points in the later frame.
        box: the face in the earlier frame.
    """
    if len(before) < _FEWEST:
        return None
    shift = np.median(after - before, axis=0)
    first, second = np.triu_indices(len(before), k=1)
    was = np.linalg.norm(before[first] - before[second], axis=1)
    became = np.linalg.norm(after[first] - after[second], axis=1)
    apart = was > 0.2 * box.width
    scale = float(np.median(became[apart] / was[apart])) if apart.any() else 1.0
    if not (np.isfinite(shift).all() and math.isfinite(scale)):
        return None
    scale = min(max(scale, 1 / _SCALE_LIMIT), _SCALE_LIMIT)
    middle = np.median(before, axis=0)
    offsets = after - (middle + shift + scale * (before - middle))
    agreeing = np.linalg.norm(offsets, axis=1) < _TOLERANCE * box.width + 1.0
    if np.count_nonzero(agreeing) < max(_FEWEST, len(before) / 2):
        return None
    # The points' middle need not be the box's: growing about the one shifts the other.
    shift = shift + (scale - 1) * (np.array(box.center) - middle)
    return Motion(float(shift[0]), float(shift[1]), scale)
