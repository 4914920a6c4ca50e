"""Boxes in pixel coordinates and what can be computed from them alone."""

from __future__ import annotations

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
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    if width <= 0 or height <= 0:
        return 0.0
    overlap = width * height
    return overlap / (first.area + second.area - overlap)
