"""Boxes in pixel coordinates and what can be computed from them alone."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in pixels; it may leave the image.

    Attributes:
        x: left edge.
        y: top edge.
        width: horizontal extent, >= 0.
        height: vertical extent, >= 0.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """Horizontal and vertical position of the middle, pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height


def intersection_over_union(first: Box, second: Box) -> float:
    """Return the overlap of two boxes in [0, 1]; 0 when both are empty."""
    overlap = shared_area(first, second)
    return min(1.0, overlap / (first.area + second.area - overlap)) if overlap > 0 else 0.0


def shared_area(first: Box, second: Box) -> float:
    """Return the area that lies in both boxes, square pixels."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    return width * height if width > 0 and height > 0 else 0.0


def from_corners(left: float, top: float, right: float, bottom: float) -> Box:
    """Return the box between two corners, pixels; a negative extent becomes zero."""
    return Box(left, top, max(0.0, right - left), max(0.0, bottom - top))


def shifted(box: Box, right: float, down: float) -> Box:
    """Return ``box`` moved by pixels."""
    return Box(box.x + right, box.y + down, box.width, box.height)


def resized(box: Box, factor: float) -> Box:
    """Return ``box`` with both sides multiplied by ``factor`` >= 0 about its centre."""
    x, y = box.center
    width, height = box.width * factor, box.height * factor
    return Box(x - width / 2, y - height / 2, width, height)


def squared(box: Box) -> Box:
    """Return the square on the centre of ``box`` whose side is the box's longer one."""
    x, y = box.center
    side = max(box.width, box.height)
    return Box(x - side / 2, y - side / 2, side, side)


def blended(first: Box, second: Box, weight: float) -> Box:
    """Return the box between two, side by side; ``weight`` in [0, 1] is the second's share."""
    return Box(
        first.x + weight * (second.x - first.x),
        first.y + weight * (second.y - first.y),
        first.width + weight * (second.width - first.width),
        first.height + weight * (second.height - first.height),
    )


def visible_fraction(box: Box, width: float, height: float) -> float:
    """Return the share of ``box`` inside a picture of that size, in [0, 1]; 0 when it is empty."""
    if box.area <= 0:
        return 0.0
    return min(1.0, shared_area(box, Box(0.0, 0.0, width, height)) / box.area)


def is_finite(box: Box) -> bool:
    """Return whether all four numbers are finite."""
    return all(map(math.isfinite, (box.x, box.y, box.width, box.height)))


def overlap_of_smaller(first: Box, second: Box) -> float:
    """Return the shared area over the smaller box's area, in [0, 1]; 0 when one is empty."""
    smaller = min(first.area, second.area)
    return min(1.0, shared_area(first, second) / smaller) if smaller > 0 else 0.0
