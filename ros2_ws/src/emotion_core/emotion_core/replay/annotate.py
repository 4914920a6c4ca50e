"""Drawing what the robot sees onto the picture it sees."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS, Emotion
from emotion_core.replay.timeline import TimelineRow

Image = npt.NDArray[np.uint8]

COLOURS: dict[str, tuple[int, int, int]] = {
    Emotion.NEUTRAL.value: (200, 200, 200),
    Emotion.HAPPY.value: (60, 200, 250),
    Emotion.SAD.value: (220, 140, 60),
    Emotion.ANGRY.value: (60, 60, 230),
    Emotion.FEAR.value: (200, 80, 160),
    Emotion.DISGUST.value: (80, 160, 80),
    Emotion.SURPRISE.value: (200, 200, 60),
}
"""Colour of each label, BGR."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE = (255, 255, 255)
_BAR_WIDTH = 70
_LINE_HEIGHT = 14
_MARGIN = 8


def annotate(image: Image, rows: Sequence[TimelineRow]) -> Image:
    """Return a copy of the picture with boxes, labels and the largest face's scores.

    Args:
        image: uint8 (H, W, 3) BGR.
        rows: the faces of this frame.
    """
    drawn: Image = image.copy()
    for row in rows:
        _draw_face(drawn, row)
    if rows:
        _draw_scores(drawn, max(rows, key=lambda row: row.box.area))
    return drawn


def _draw_face(image: Image, row: TimelineRow) -> None:
    colour = COLOURS[row.expression.label]
    box = row.box
    left, top = round(box.x), round(box.y)
    right, bottom = round(box.x + box.width), round(box.y + box.height)
    cv2.rectangle(image, (left, top), (right, bottom), colour, 2)
    text = f"{row.expression.label} {row.expression.confidence:.0%}  {row.face_id}"
    (width, height), _ = cv2.getTextSize(text, _FONT, 0.45, 1)
    cv2.rectangle(image, (left, top - height - 8), (left + width + 6, top), colour, cv2.FILLED)
    cv2.putText(image, text, (left + 3, top - 5), _FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA)


def _draw_scores(image: Image, row: TimelineRow) -> None:
    height = _MARGIN + (len(LABELS) + 1) * _LINE_HEIGHT
    panel = image[:height, : 2 * _MARGIN + 62 + _BAR_WIDTH]
    np.copyto(panel, panel // 3)
    for index, label in enumerate(LABELS):
        baseline = _MARGIN + _LINE_HEIGHT * index + 9
        probability = float(row.expression.probabilities[index])
        cv2.putText(image, label, (_MARGIN, baseline), _FONT, 0.38, _WHITE, 1, cv2.LINE_AA)
        cv2.rectangle(
            image,
            (_MARGIN + 62, baseline - 8),
            (_MARGIN + 62 + round(_BAR_WIDTH * probability), baseline),
            COLOURS[label],
            cv2.FILLED,
        )
    text = f"V {row.expression.valence:+.2f} A {row.expression.arousal:+.2f} {row.affect}"
    baseline = _MARGIN + _LINE_HEIGHT * len(LABELS) + 9
    cv2.putText(image, text, (_MARGIN, baseline), _FONT, 0.34, _WHITE, 1, cv2.LINE_AA)
