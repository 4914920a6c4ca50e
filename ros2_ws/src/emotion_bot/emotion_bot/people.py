"""Messages about the people in view, made from the core's results."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from emotion_bot_msgs.msg import Expression, Face, NormalizedPointOfInterest2D
from emotion_bot_msgs.msg import NormalizedRegionOfInterest2D as RegionOfInterest
from std_msgs.msg import Header

from emotion_bot.images import image_message
from emotion_core.affect import EMOTIONS, affect_concept
from emotion_core.inference.smoothing import SmoothedExpression
from emotion_core.vision.geometry import Box
from emotion_core.vision.tracking import FaceSource, TrackedFace


def face_message(
    face: TrackedFace,
    frame_size: tuple[int, int],
    crop: npt.NDArray[np.uint8] | None,
    header: Header,
) -> Face:
    """Return a tracked face as a message.

    Args:
        face: the face in pixels of the frame.
        frame_size: width and height of the frame, pixels.
        crop: uint8 (side, side) grey, or None when the face was not seen in this frame.
        header: the frame's header.
    """
    width, height = frame_size
    box = face.box
    message = Face(
        id=face.id,
        source=face.source.value,
        age=float(face.age),
        roi=RegionOfInterest(
            xmin=box.x / width,
            ymin=box.y / height,
            xmax=(box.x + box.width) / width,
            ymax=(box.y + box.height) / height,
            c=float(face.confidence),
        ),
        landmarks=[
            NormalizedPointOfInterest2D(
                x=float(x) / width, y=float(y) / height, c=float(face.confidence)
            )
            for x, y in face.landmarks
        ],
    )
    if crop is not None:
        message.crop = image_message(crop, header)
    return message


def tracked_face(message: Face, frame_size: tuple[int, int]) -> TrackedFace:
    """Return a face message in pixels of a frame of the given width and height.

    Raises:
        ValueError: if the region is not finite or the source is unknown.
    """
    width, height = frame_size
    roi = message.roi
    box = Box(
        roi.xmin * width,
        roi.ymin * height,
        (roi.xmax - roi.xmin) * width,
        (roi.ymax - roi.ymin) * height,
    )
    if not all(map(math.isfinite, (box.x, box.y, box.width, box.height))):
        raise ValueError(f"face {message.id!r} has a region that is not finite: {box}")
    landmarks = [(point.x * width, point.y * height) for point in message.landmarks]
    return TrackedFace(
        id=message.id,
        box=box,
        confidence=roi.c,
        landmarks=np.array(landmarks, dtype=np.float32),
        source=FaceSource(message.source),
        age=message.age,
    )


def expression_message(
    expression: SmoothedExpression, face_id: str, header: Header, weights: Sequence[float]
) -> Expression:
    """Return a person's expression as a message.

    Args:
        expression: probabilities, valence and arousal after smoothing.
        face_id: the face it belongs to.
        header: header of the newest data used.
        weights: shares of face, voice and text, summing to one.
    """
    face_weight, voice_weight, text_weight = weights
    return Expression(
        header=header,
        face_id=face_id,
        expression=EMOTIONS[expression.label_index].rep155,
        valence=expression.valence,
        arousal=expression.arousal,
        confidence=expression.confidence,
        probabilities=expression.probabilities,
        affect=affect_concept(expression.valence, expression.arousal),
        face_weight=face_weight,
        voice_weight=voice_weight,
        text_weight=text_weight,
    )
