"""Doing early what takes long the first time, so that the first frame is not late for it."""

from __future__ import annotations

import numpy as np

from emotion_core.vision.appearance import describe
from emotion_core.vision.geometry import Box
from emotion_core.vision.motion import flow_picture, follow, motion_between, seed_points

_SIDE = 64


def warm_up() -> None:
    """Follow and describe a face in a blank picture.

    OpenCV then makes its tables of colours, and numpy loads what its medians need: a tenth of a
    second together.
    """
    blank = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    box = Box(_SIDE / 4, _SIDE / 4, _SIDE / 2, _SIDE / 2)
    describe(blank, box)
    picture, points = flow_picture(blank), seed_points(box)
    follow(picture, picture, points, points)
    motion_between(points, points, box)
