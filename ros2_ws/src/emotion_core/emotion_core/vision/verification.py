"""Following a face by asking a verifier whether it still is where it is assumed to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emotion_core.vision.association import distance_in_faces
from emotion_core.vision.detection import Detection, FaceVerifier, Image
from emotion_core.vision.geometry import Box, intersection_over_union, is_finite

_BADLY_PLACED: Final = 0.15
"""Shift, in faces, after which the view that the verifier had was too far off to trust."""
_LEAST_OVERLAP: Final = 0.3
"""Of the corrected box with the assumed one; what is farther away is another face."""


def corrected(
    verifier: FaceVerifier, image: Image, boxes: Sequence[Box], threshold: float
) -> list[Detection | None]:
    """Return the face near each box, or None where there is none.

    Args:
        verifier: judges and corrects boxes.
        image: the frame.
        boxes: where faces are assumed; finite.
        threshold: least probability of a face, in [0, 1].
    """
    if not boxes:
        return []
    answers = verifier.verify(image, boxes)
    shifted = [
        index
        for index, (box, answer) in enumerate(zip(boxes, answers, strict=True))
        if is_face(answer, threshold) and distance_in_faces(box, answer.box) > _BADLY_PLACED
    ]
    if shifted:
        again = verifier.verify(image, [answers[index].box for index in shifted])
        for index, answer in zip(shifted, again, strict=True):
            answers[index] = answer
    return [
        answer
        if is_face(answer, threshold) and intersection_over_union(box, answer.box) >= _LEAST_OVERLAP
        else None
        for box, answer in zip(boxes, answers, strict=True)
    ]


def is_face(answer: Detection, threshold: float) -> bool:
    """Return whether an answer is sure enough, finite and not empty."""
    return (
        answer.confidence >= threshold
        and is_finite(answer.box)
        and answer.box.area >= 1.0
        and bool(np.isfinite(answer.landmarks).all())
    )
