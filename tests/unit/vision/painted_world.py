"""Painted faces: coloured, textured patches whose place is known to a detector that reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from emotion_core.vision.detection import Detection, Image
from emotion_core.vision.geometry import Box, intersection_over_union
from emotion_core.vision.tracking import FaceTracker, TrackedFace, TrackerParameters

FRAME_RATE = 25.0
WIDTH, HEIGHT = 640, 480

Script = Callable[[float], Mapping[str, Box]]
"""The visible faces at a time, seconds; a later one is painted over an earlier one."""

_RELATIVE_LANDMARKS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
_COLOURS = {"red": (60, 60, 200), "green": (60, 190, 70), "blue": (200, 80, 60)}


def _texture(seed: int, colour: tuple[int, int, int], contrast: float) -> Image:
    noise = np.random.default_rng(seed).normal(0, 1, (128, 128)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 5)
    noise *= contrast / noise.std()
    return np.clip(np.array(colour) + noise[..., np.newaxis], 0, 255).astype(np.uint8)


_PATCHES = {name: _texture(index, _COLOURS[name], 25) for index, name in enumerate(_COLOURS)}
_WALL = cv2.resize(_texture(99, (110, 110, 110), 15), (WIDTH, HEIGHT))


def face(x: float, y: float, side: float = 100.0) -> Box:
    """A face centred on a pixel."""
    return Box(x - side / 2, y - side / 2, side, side)


def paint(faces: Mapping[str, Box], size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image:
    """A frame that shows the faces before a wall."""
    frame = cv2.resize(_WALL, size)
    for name, box in faces.items():
        patch = _PATCHES[name]
        scale = (box.width / patch.shape[1], box.height / patch.shape[0])
        move = np.array([[scale[0], 0, box.x], [0, scale[1], box.y]])
        frame = cv2.warpAffine(patch, move, size, dst=frame, borderMode=cv2.BORDER_TRANSPARENT)
    return frame


@dataclass
class Oracle:
    """Detector and verifier that know where the painted faces are."""

    confidence: float = 0.99
    jitter: float = 0.0
    visible: Mapping[str, Box] = field(default_factory=dict)
    detections: int = 0
    verifications: int = 0
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def detect(self, _image: Image) -> list[Detection]:
        self.detections += 1
        return [self._seen(box) for box in self.visible.values()]

    def verify(self, _image: Image, boxes: Sequence[Box]) -> list[Detection]:
        self.verifications += len(boxes)
        return [self._nearest(box) for box in boxes]

    def _nearest(self, asked: Box) -> Detection:
        overlaps = {intersection_over_union(asked, box): box for box in self.visible.values()}
        best = max(overlaps, default=0.0)
        if best < 0.35:
            return Detection(asked, 0.05, _landmarks(asked))
        return self._seen(overlaps[best])

    def _seen(self, box: Box) -> Detection:
        x, y = self._random.normal(0, self.jitter, 2) if self.jitter else (0.0, 0.0)
        moved = Box(box.x + float(x), box.y + float(y), box.width, box.height)
        return Detection(moved, self.confidence, _landmarks(moved))


def _landmarks(box: Box) -> np.ndarray:
    corner, sides = np.array([box.x, box.y]), np.array([box.width, box.height])
    return (corner + _RELATIVE_LANDMARKS * sides).astype(np.float32)


def play(
    script: Script,
    seconds: float,
    parameters: TrackerParameters | None = None,
    oracle: Oracle | None = None,
) -> list[list[TrackedFace]]:
    """What a tracker reports in each frame of a script."""
    oracle = oracle or Oracle()
    tracker = FaceTracker(oracle, oracle, parameters)
    reported = []
    for index in range(round(seconds * FRAME_RATE)):
        time = index / FRAME_RATE
        oracle.visible = script(time)
        reported.append(tracker.update(paint(oracle.visible), time))
    return reported


def ids(reported: Sequence[Sequence[TrackedFace]]) -> set[str]:
    """All ids that occur."""
    return {face.id for faces in reported for face in faces}
