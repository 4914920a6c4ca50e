"""Between ROS messages and the arrays, boxes and times of emotion_core."""

from __future__ import annotations

import array
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as TimeMessage
from emotion_bot_msgs.msg import Expression, Face, NormalizedPointOfInterest2D
from emotion_bot_msgs.msg import NormalizedRegionOfInterest2D as RegionOfInterest
from emotion_core.affect import EMOTIONS, affect_concept
from emotion_core.inference.smoothing import SmoothedExpression
from emotion_core.vision.geometry import Box
from emotion_core.vision.tracking import TrackedFace
from sensor_msgs.msg import Image
from std_msgs.msg import Header

_NANOSECONDS = 1_000_000_000
_BYTES_PER_PIXEL = {"bgr8": 3, "rgb8": 3, "mono8": 1, "yuv422_yuy2": 2}


class ImageEncodingError(ValueError):
    """An image message cannot be read; the message says why."""


def stamp_from_nanoseconds(nanoseconds: int) -> TimeMessage:
    """Return the message form of a ROS time in nanoseconds."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return TimeMessage(sec=seconds, nanosec=rest)


def stamp_from_seconds(seconds: float) -> TimeMessage:
    """Return the message form of a ROS time in seconds."""
    return stamp_from_nanoseconds(round(seconds * _NANOSECONDS))


def nanoseconds_from_stamp(stamp: TimeMessage) -> int:
    """Return a message's time in nanoseconds."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def seconds_from_stamp(stamp: TimeMessage) -> float:
    """Return a message's time in seconds."""
    return int(stamp.sec) + int(stamp.nanosec) / _NANOSECONDS


def image_message(image: npt.NDArray[np.uint8], header: Header) -> Image:
    """Return an image message of encoding bgr8 (H, W, 3) or mono8 (H, W)."""
    pixels = np.ascontiguousarray(image)
    data = array.array("B")
    # rclpy takes array.array without a copy per element; a numpy array costs 50 to 100 ms.
    data.frombytes(memoryview(pixels).cast("B"))
    return Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding="bgr8" if pixels.ndim == 3 else "mono8",
        is_bigendian=0,
        step=pixels.strides[0],
        data=data,
    )


def array_from_image(message: Image) -> npt.NDArray[np.uint8]:
    """Return the picture as uint8 (H, W, 3) BGR, or (H, W) for mono8; bgr8 and mono8 are views.

    Raises:
        ImageEncodingError: if the encoding is not supported or the data do not fit the size.
    """
    pixel_bytes = _BYTES_PER_PIXEL.get(message.encoding)
    if pixel_bytes is None:
        raise ImageEncodingError(
            f"image encoding {message.encoding!r} is not one of {', '.join(_BYTES_PER_PIXEL)}"
        )
    row = message.width * pixel_bytes
    if message.width == 0 or message.height == 0:
        raise ImageEncodingError(f"image is empty: {message.width}x{message.height}")
    if message.step < row or len(message.data) < message.step * message.height:
        raise ImageEncodingError(
            f"image of {message.width}x{message.height} {message.encoding} with step "
            f"{message.step} needs {max(message.step, row) * message.height} bytes, "
            f"has {len(message.data)}"
        )
    data = np.frombuffer(message.data, dtype=np.uint8, count=message.step * message.height)
    rows = data.reshape(message.height, message.step)[:, :row]
    if message.encoding == "mono8":
        return rows
    pixels = rows.reshape(message.height, message.width, pixel_bytes)
    if message.encoding == "rgb8":
        return np.ascontiguousarray(pixels[..., ::-1])
    if message.encoding == "yuv422_yuy2":
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_YUV2BGR_YUY2), dtype=np.uint8)
    return pixels


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


def box_from_roi(roi: RegionOfInterest, width: int, height: int) -> Box:
    """Return a normalised region in pixels of a frame of the given size."""
    return Box(
        roi.xmin * width,
        roi.ymin * height,
        (roi.xmax - roi.xmin) * width,
        (roi.ymax - roi.ymin) * height,
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
