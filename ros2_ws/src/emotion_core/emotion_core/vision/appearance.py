"""What a face looks like, in a few hundred numbers: enough to know it again seconds later.

Two views of the head are joined. Its colours (a histogram in CIE L*a*b*, weighted towards the
middle so that little of the background counts) tell people apart well in one light. Its edges
(orientations of the gradient in cells: Dalal & Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005) hardly depend on the light. Neither recognises a person on another day.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.detection import Image, require_image
from emotion_core.vision.geometry import Box, resized, squared

Appearance = npt.NDArray[np.float32]
"""A vector of length one."""

_SIDE: Final = 48
_HEAD: Final = 1.2
"""Side of the head's square over the longer side of the face's box: hair belongs to it."""

_COLOUR_SHARE: Final = 0.65
_COLOUR_BINS: Final = (6, 16, 16)
_CHROMA_SPAN: Final = 80
"""Range of a* and b* that the bins cover, centred; skin, hair and cloth seldom leave it."""

_CELLS: Final = 4
_ORIENTATIONS: Final = 8


def _window() -> npt.NDArray[np.float32]:
    """Return weights (side, side) that fall from one in the middle to zero towards the corners."""
    offset = (np.arange(_SIDE) - (_SIDE - 1) / 2) / (_SIDE / 2)
    distance = np.hypot(offset[np.newaxis, :] * 1.15, offset[:, np.newaxis])
    return np.asarray(np.clip((1.1 - distance) / 0.4, 0.0, 1.0), np.float32)


_WINDOW: Final = _window()
_CELL: Final = np.arange(_SIDE) * _CELLS // _SIDE
_CELL_INDEX: Final = _CELL[:, np.newaxis] * _CELLS + _CELL[np.newaxis, :]


def describe(image: Image, box: Box) -> Appearance:
    """Return the appearance of the head around a face's box, finite for any picture.

    Raises:
        ValueError: if ``image`` is no uint8 array of shape (height, width, 3).
    """
    require_image(image)
    head = _cut_out(image, resized(squared(box), _HEAD))
    colours, edges = _colours(head), _edges(head)
    return np.concatenate(
        [np.sqrt(_COLOUR_SHARE) * colours, np.sqrt(1 - _COLOUR_SHARE) * edges]
    ).astype(np.float32)


def similarity(first: Appearance, second: Appearance) -> float:
    """Return how alike two appearances are, in [0, 1]; 1 is the same picture."""
    return float(np.clip(first @ second, 0.0, 1.0))


def updated(known: Appearance, seen: Appearance, weight: float) -> Appearance:
    """Return ``known`` moved towards ``seen`` by ``weight`` in [0, 1], of length one again."""
    mixed = (1 - weight) * known + weight * seen
    return (mixed / max(float(np.linalg.norm(mixed)), 1e-6)).astype(np.float32)


def _cut_out(image: Image, square: Box) -> Image:
    """Scale a square of the picture to 48 × 48; beyond the edge the outermost pixels repeat."""
    height, width = image.shape[:2]
    left, right = np.clip([square.x, square.x + square.width], 0, width).astype(int)
    top, bottom = np.clip([square.y, square.y + square.height], 0, height).astype(int)
    left, top = min(left, width - 1), min(top, height - 1)
    visible = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    scale = _SIDE / max(square.width, 1.0)
    size = (
        int(np.clip(round(visible.shape[1] * scale), 1, _SIDE)),
        int(np.clip(round(visible.shape[0] * scale), 1, _SIDE)),
    )
    small = cv2.resize(visible, size, interpolation=cv2.INTER_AREA)
    x = int(np.clip(round((left - square.x) * scale), 0, _SIDE - size[0]))
    y = int(np.clip(round((top - square.y) * scale), 0, _SIDE - size[1]))
    padded = cv2.copyMakeBorder(
        small, y, _SIDE - size[1] - y, x, _SIDE - size[0] - x, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, np.uint8)


def _colours(head: Image) -> Appearance:
    """Return the square root of the colour histogram, so that a dot product compares two."""
    lab = cv2.cvtColor(head, cv2.COLOR_BGR2LAB).astype(np.float32)
    bins = np.array(_COLOUR_BINS, np.float32)
    low = np.array([0, 128 - _CHROMA_SPAN / 2, 128 - _CHROMA_SPAN / 2], np.float32)
    span = np.array([256, _CHROMA_SPAN, _CHROMA_SPAN], np.float32)
    place = np.clip((lab - low) / span * bins, 0, bins - 1).reshape(-1, 3).astype(int)
    flat = np.ravel_multi_index((place[:, 0], place[:, 1], place[:, 2]), _COLOUR_BINS)
    counts = np.bincount(flat, _WINDOW.ravel(), int(np.prod(_COLOUR_BINS)))
    histogram: npt.NDArray[Any] = counts.reshape(_COLOUR_BINS)
    # Neighbouring bins share, so that a small change of the light does not empty one for another.
    for axis in range(histogram.ndim):
        first = np.moveaxis(histogram, axis, 0)
        padded = np.concatenate([first[:1], first, first[-1:]])
        soft = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
        histogram = np.moveaxis(soft, 0, axis)
    return np.asarray(np.sqrt(histogram.ravel() / histogram.sum()), np.float32)


def _edges(head: Image) -> Appearance:
    """Return normalised histograms of gradient orientation in cells, together of length one."""
    grey = cv2.GaussianBlur(cv2.cvtColor(head, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 1.0)
    strength, angle = cv2.cartToPolar(
        cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    )
    orientation = (angle * (_ORIENTATIONS / (2 * np.pi))).astype(int) % _ORIENTATIONS
    flat = (_CELL_INDEX * _ORIENTATIONS + orientation).ravel()
    cells = np.bincount(flat, (strength * _WINDOW).ravel(), _CELLS * _CELLS * _ORIENTATIONS)
    cells = cells.reshape(-1, _ORIENTATIONS)
    # A cell without edges must stay small instead of blowing up its noise.
    floor = 0.1 * np.linalg.norm(cells, axis=1).mean() + 1e-6
    cells = cells / (np.linalg.norm(cells, axis=1, keepdims=True) + floor)
    length = float(np.linalg.norm(cells))
    if length < 1e-6:
        return np.full(cells.size, cells.size**-0.5, np.float32)
    return np.asarray(cells.ravel() / length, np.float32)
