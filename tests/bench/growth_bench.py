"""How the time for a frame grows with the number of faces and with the resolution.

The pipelines of the faces node and the emotion node run in this process, without DDS. All sizes
take turns frame by frame, so that a change of the machine's speed meets all alike.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from skimage import data
from std_msgs.msg import Header

from emotion_bot import stamps
from emotion_bot.pipeline import emotion, faces
from emotion_bot.replay.settings import node_values
from emotion_bot.up.processes import config_directory
from emotion_core.vision.detection import Image

FACES = (1, 2, 4, 8)
SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
BASE_SIZE = (640, 480)
FRAMES = 90
WARM_UP = 15

_FRAME_RATE = 30.0
_COLUMNS, _ROWS = 4, 2
_BACKGROUND_ROWS = slice(280, 512)
_FACE = (slice(0, 240), slice(142, 302))
"""Rows and columns of scikit-image's astronaut with her head; unscaled at 640x480."""
_MISSED = 0.1
"""Largest share of faces that may be missed, or found in excess."""
_SWAY = 0.01
"""How far the picture sways, share of its height: nobody keeps perfectly still."""


@dataclass
class _Case:
    """One combination of number and size with pipelines of its own."""

    size: tuple[int, int]
    count: int
    finder: faces.FacesPipeline
    reader: emotion.EmotionPipeline
    canvas: Image
    found: list[int] = field(default_factory=list)
    faces_ms: list[float] = field(default_factory=list)
    emotion_ms: list[float] = field(default_factory=list)


def run(frames: int = FRAMES) -> dict[str, Any]:
    """Measure every number of faces at 640x480 and one face at every resolution.

    Args:
        frames: measured of each, > 1.

    Returns:
        ``faces`` by number and ``resolution`` by WIDTHxHEIGHT: ``found`` (mean number of faces),
        ``faces_ms`` and ``emotion_ms`` (medians), ``total_ms`` (``mean``, which holds the share of
        full detections, ``p50``, ``p95``) and ``ratio`` of the means to one face at 640x480.

    Raises:
        RuntimeError: if too many faces are missed for the times to mean what they should.
    """
    cases = {
        **{(BASE_SIZE, count): _case(BASE_SIZE, count) for count in FACES},
        **{(size, 1): _case(size, 1) for size in SIZES},
    }
    for index in range(WARM_UP + frames):
        for case in cases.values():
            _step(case, index, keep=index >= WARM_UP)
    base = _mean(cases[BASE_SIZE, 1])
    return {
        "frames": frames,
        "faces": {str(count): _figures(cases[BASE_SIZE, count], base) for count in FACES},
        "resolution": {f"{size[0]}x{size[1]}": _figures(cases[size, 1], base) for size in SIZES},
    }


def picture(size: tuple[int, int], count: int) -> Image:
    """Return a picture of (width, height) pixels with 1 to 8 faces, uint8 BGR.

    Each head takes half the height, so that faces grow with the resolution and nothing else.
    """
    width, height = size
    photo = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    canvas = cv2.resize(photo[_BACKGROUND_ROWS], size, interpolation=cv2.INTER_AREA)
    tile_height = height // _ROWS
    tile_width = tile_height * 2 // 3
    tile = cv2.resize(photo[_FACE], (tile_width, tile_height), interpolation=cv2.INTER_AREA)
    left = (width - _COLUMNS * tile_width) // 2
    for index in range(count):
        row, column = divmod(index, _COLUMNS)
        x, y = left + column * tile_width, row * tile_height
        canvas[y : y + tile_height, x : x + tile_width] = tile
    return canvas


def _case(size: tuple[int, int], count: int) -> _Case:
    config = config_directory()
    return _Case(
        size,
        count,
        faces.FacesPipeline(node_values("faces", faces.PARAMETERS, config)),
        emotion.EmotionPipeline(node_values("emotion", emotion.PARAMETERS, config)),
        picture(size, count),
    )


def _step(case: _Case, index: int, *, keep: bool) -> None:
    moment = index / _FRAME_RATE
    shift = round(_SWAY * case.size[1] * math.sin(2 * math.pi * 0.5 * moment))
    image = np.roll(case.canvas, shift, axis=1)
    header = Header(stamp=stamps.stamp_from_nanoseconds(1_000_000_000 + round(moment * 1e9)))
    begun = time.perf_counter()
    found = case.finder.process(image, header)
    between = time.perf_counter()
    case.reader.process(found)
    ended = time.perf_counter()
    if not keep:
        return
    case.found.append(len(found.faces))
    case.faces_ms.append((between - begun) * 1e3)
    case.emotion_ms.append((ended - between) * 1e3)


def _mean(case: _Case) -> float:
    return statistics.fmean(case.faces_ms) + statistics.fmean(case.emotion_ms)


def _figures(case: _Case, base: float) -> dict[str, Any]:
    totals = np.add(case.faces_ms, case.emotion_ms)
    found = statistics.fmean(case.found)
    if abs(found - case.count) > _MISSED * case.count:
        raise RuntimeError(f"growth: {found:.2f} of {case.count} faces found at {case.size}")
    return {
        "found": round(found, 2),
        "faces_ms": round(statistics.median(case.faces_ms), 2),
        "emotion_ms": round(statistics.median(case.emotion_ms), 2),
        "total_ms": {
            "mean": round(float(totals.mean()), 2),
            "p50": round(float(np.percentile(totals, 50)), 2),
            "p95": round(float(np.percentile(totals, 95)), 2),
        },
        "ratio": round(_mean(case) / base, 2),
    }
