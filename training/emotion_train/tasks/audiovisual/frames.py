"""What the network says and what is true, drawn on the frames of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.inference.smoothing import SmoothedExpression
from emotion_core.replay.annotate import annotate
from emotion_core.replay.timeline import TimelineRow
from emotion_core.vision.detection import Image
from emotion_core.vision.frames import SourceError
from emotion_core.vision.geometry import Box
from emotion_train.corpora.cut_recordings import read_frames
from emotion_train.corpora.recording_clips import RecordingClip, load_recording_clip
from emotion_train.tasks.audiovisual.splits import NO_LABEL, Piece

Array = npt.NDArray[np.float32]

LONGEST_SIDE: Final = 480
"""Of a drawn frame, pixels."""


def annotated_frames(
    piece: Piece, probabilities: Array, valence_arousal: Array, ratings: Array, count: int
) -> list[tuple[int, Image]]:
    """Return evenly spread frames of a piece with their steps, of those with a face.

    Where the video is gone, or there was none, the prepared crops stand for its frames.

    Args:
        piece: of T steps.
        probabilities: (T, 7).
        valence_arousal: (T, 2).
        ratings: (T, 2), NaN where there are none.
        count: of frames at most.
    """
    clip = load_recording_clip(piece.clip.path)
    seen = np.flatnonzero(clip.seen[piece.start : piece.end]) + piece.start
    if len(seen) == 0:
        return []
    chosen = sorted({int(seen[i]) for i in np.linspace(0, len(seen) - 1, count).astype(int)})
    frames = _frames(clip, chosen)
    drawn = []
    for step in chosen:
        place = step - piece.start
        image, box = frames.get(step) or _crop(clip, step)
        said = _expression(probabilities[place], valence_arousal[place])
        drawn.append((step, _draw(image, box, said, _truth(piece, ratings[place]))))
    return drawn


_Framed = tuple[Image, Box]


def _frames(clip: RecordingClip, steps: list[int]) -> dict[int, _Framed]:
    """Return the frames of these steps and where the face is in them; what can be read of them."""
    found: dict[int, _Framed] = {}
    if not clip.video:
        return found
    try:
        for step, frame in read_frames(Path(clip.video)):
            if step in steps:
                found[step] = _scaled(frame.image, Box(*map(float, clip.boxes[step])))
            if step >= steps[-1]:
                break
    except SourceError:
        return found
    return found


def _crop(clip: RecordingClip, step: int) -> _Framed:
    image = cv2.cvtColor(clip.faces[step], cv2.COLOR_GRAY2BGR)
    side = image.shape[0]
    return _scaled(image.astype(np.uint8, copy=False), Box(0.0, 0.0, side, side))


def _scaled(image: Image, box: Box) -> _Framed:
    factor = LONGEST_SIDE / max(image.shape[:2])
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    moved = Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor)
    return scaled.astype(np.uint8, copy=False), moved


def _expression(probabilities: Array, valence_arousal: Array) -> SmoothedExpression:
    valence, arousal = map(float, valence_arousal)
    return SmoothedExpression(int(probabilities.argmax()), probabilities, valence, arousal)


def _draw(image: Image, box: Box, said: SmoothedExpression, truth: str) -> Image:
    drawn = annotate(image, [TimelineRow(0.0, "predicted", box, said)])
    height = drawn.shape[0]
    cv2.rectangle(drawn, (0, height - 24), (drawn.shape[1], height), (0, 0, 0), cv2.FILLED)
    cv2.putText(
        drawn,
        truth,
        (8, height - 7),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.5,
        (255, 255, 255),
        1,
        cv2.LINE_AA,
    )
    return drawn


def _truth(piece: Piece, ratings: Array) -> str:
    if piece.label != NO_LABEL:
        return f"true: {LABELS[piece.label]}"
    if np.isfinite(ratings).all():
        return f"rated: V {ratings[0]:+.2f} A {ratings[1]:+.2f}"
    return "not rated here"
