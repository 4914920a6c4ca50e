"""From camera frames to small JPEGs with the boxes that were found in them."""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from emotion_bot_msgs.msg import Faces
from sensor_msgs.msg import Image

from emotion_bot.images import ImageEncodingError, bgr_from_image
from emotion_bot.serialization import UnreadableMessageError, read_message
from emotion_bot.stamps import nanoseconds_from_stamp

_KEPT_FRAMES = 12
_KEPT_BYTES = 40 * 2**20
"""Frames wait for their faces, on a busy computer for a second."""
_KEPT_ANSWERS = 60
_WITHOUT_ANSWER_SECONDS = 0.5
"""A frame is shown without boxes when the faces node has been silent for so long."""

_EXACT_LAG_NANOSECONDS = 150_000_000
"""A frame with faces of its own is preferred to one that is newer by no more than this."""
_NEIGHBOUR_NANOSECONDS = 80_000_000

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
        while len(self._frames) > 2 and sum(len(data) for _, data in self._frames) > _KEPT_BYTES:
            self._frames.popleft()

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

        A frame waits for its faces unless they have not come for half a second. One that the faces
        node has passed over is shown with those of its neighbour.
        """
        chosen = self._choose()
        if chosen is None or chosen[0] == self._last_stamp:
            return None
        stamp, data, faces = chosen
        self._last_stamp = stamp
        while self._frames and self._frames[0][1] is not data:
            self._frames.popleft()
        try:
            image = bgr_from_image(read_message(data, Image))
        except (ImageEncodingError, UnreadableMessageError) as error:
            self.rejection = str(error)
            return None
        self.rejection = ""
        height, width = image.shape[:2]
        return Picture(stamp, self._encode(image), width, height, faces)

    def _choose(self) -> tuple[int, bytes, Faces | None] | None:
        if not self._frames:
            return None
        if self._clock() - self._answer_time > _WITHOUT_ANSWER_SECONDS:
            return (*self._frames[-1], None)
        newest_answer = max(self._answers)
        passed = [frame for frame in self._frames if frame[0] <= newest_answer]
        exact = [frame for frame in passed if frame[0] in self._answers]
        if exact and passed[-1][0] - exact[-1][0] <= _EXACT_LAG_NANOSECONDS:
            return (*exact[-1], self._answers[exact[-1][0]])
        if not passed:
            return None
        stamp, data = passed[-1]
        nearest = min(self._answers, key=lambda answer: abs(answer - stamp))
        near = abs(nearest - stamp) <= _NEIGHBOUR_NANOSECONDS
        return stamp, data, self._answers[nearest] if near else None

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
