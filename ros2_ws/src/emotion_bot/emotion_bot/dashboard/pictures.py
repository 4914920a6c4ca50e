"""From camera frames to small JPEGs whose boxes belong to the same frame."""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from emotion_bot_msgs.msg import Faces
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from emotion_bot.images import ImageEncodingError, bgr_from_image
from emotion_bot.stamps import nanoseconds_from_stamp

_KEPT_FRAMES = 4
_KEPT_ANSWERS = 60
_WITHOUT_ANSWER_SECONDS = 0.5
"""A frame is shown without boxes when the faces node has been silent for so long."""

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Picture:
    """One picture for the page.

    Attributes:
        stamp: capture time, ns.
        jpeg: reduced picture.
        width: of the camera frame, pixels.
        height: of the camera frame, pixels.
        faces: of the same frame; None when nobody has looked for faces in it.
    """

    stamp: int
    jpeg: bytes
    width: int
    height: int
    faces: Faces | None


class PictureMaker:
    """Pairs frames with their faces and reduces one of them when asked.

    Args:
        width: of the reduced picture, pixels; a smaller frame stays as it is.
        quality: of the JPEG, 1 to 100.
        clock: s, never set back.
    """

    def __init__(self, width: int, quality: int, clock: Callable[[], float]) -> None:
        self._width = width
        self._quality = quality
        self._clock = clock
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=_KEPT_FRAMES)
        self._answers: OrderedDict[int, Faces] = OrderedDict()
        self._answer_time = -float("inf")
        self._last_stamp: int | None = None
        self.rejection = ""

    def add_frame(self, serialized: bytes) -> None:
        """Take a serialized image message."""
        self._frames.append((stamp_of_serialized(serialized), serialized))

    def add_faces(self, faces: Faces) -> None:
        """Take what was found in a frame."""
        self._answers[nanoseconds_from_stamp(faces.header.stamp)] = faces
        self._answer_time = self._clock()
        while len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()
        self._last_stamp = None

    def make(self) -> Picture | None:
        """Return the newest frame that was not shown yet; None when there is no new one.

        A frame waits for its faces unless they have not come for half a second.
        """
        chosen = next(
            ((stamp, data) for stamp, data in reversed(self._frames) if stamp in self._answers),
            None,
        )
        unanswered = self._clock() - self._answer_time > _WITHOUT_ANSWER_SECONDS
        if self._frames and unanswered:
            chosen = self._frames[-1]
        if chosen is None or chosen[0] == self._last_stamp:
            return None
        stamp, data = chosen
        self._last_stamp = stamp
        try:
            image = bgr_from_image(deserialize_message(data, Image))
        except ImageEncodingError as error:
            self.rejection = str(error)
            return None
        self.rejection = ""
        height, width = image.shape[:2]
        return Picture(stamp, self._encode(image), width, height, self._answers.get(stamp))

    def _encode(self, image: np.ndarray) -> bytes:
        height, width = image.shape[:2]
        if width > self._width:
            size = (self._width, max(1, round(height * self._width / width)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return encoded.tobytes()


def stamp_of_serialized(message: bytes) -> int:
    """Return the header stamp, ns, of a serialized message that begins with a header.

    Deserializing a camera frame costs a hundred times as much as this.
    """
    # CDR: four bytes of encapsulation, of which the second tells the byte order.
    order = "<" if message[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", message, 4)
    return int(seconds) * _NANOSECONDS + int(nanoseconds)
