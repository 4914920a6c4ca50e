"""Which of two sets of boxes belong together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from emotion_core.vision.geometry import Box

First = TypeVar("First")
Second = TypeVar("Second")


def match(
    first: Sequence[First],
    second: Sequence[Second],
    merit: Callable[[First, Second], float | None],
) -> list[tuple[First, Second]]:
    """Pair members of two sets, the most worthy pair first.

    Args:
        first: one set.
        second: the other set.
        merit: worth of a pair, finite; None forbids it.

    Returns:
        Pairs of which none is forbidden; each member occurs at most once.
    """
    merits = [
        (value, row, column)
        for row, one in enumerate(first)
        for column, other in enumerate(second)
        if (value := merit(one, other)) is not None
    ]
    merits.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    pairs: dict[int, int] = {}
    for _, row, column in merits:
        if row not in pairs and column not in pairs.values():
            pairs[row] = column
    return [(first[row], second[column]) for row, column in pairs.items()]


def distance_in_faces(first: Box, second: Box) -> float:
    """Return the distance of two boxes' centres in units of their mean side."""
    side = (math.sqrt(max(first.area, 0.0)) + math.sqrt(max(second.area, 0.0))) / 2
    distance = math.dist(first.center, second.center)
    return distance / side if side > 0 else math.inf


def size_ratio(first: Box, second: Box) -> float:
    """Return how many times larger one box's side is than the other's, >= 1."""
    small, large = sorted((math.sqrt(max(first.area, 0.0)), math.sqrt(max(second.area, 0.0))))
    return large / small if small > 0 else math.inf
