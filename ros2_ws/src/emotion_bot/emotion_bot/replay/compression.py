"""Camera frames as JPEG, the way image_transport names and fills them."""

from __future__ import annotations

import array

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage, Image

from emotion_bot.images import ImageEncodingError, array_from_image


def compressed(message: Image, quality: int) -> CompressedImage:
    """Return an image message as JPEG.

    Args:
        message: of an encoding that `images` can read.
        quality: of JPEG, 1 to 100.

    Raises:
        ImageEncodingError: if the image cannot be read or encoded.
    """
    pixels = array_from_image(message)
    try:
        done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise ImageEncodingError(f"image cannot be written as JPEG: {error}") from error
    if not done:
        raise ImageEncodingError("image cannot be written as JPEG")
    kind = "mono8" if pixels.ndim == 2 else "bgr8"
    data = array.array("B")
    data.frombytes(memoryview(encoded).cast("B"))
    return CompressedImage(
        header=message.header, format=f"{message.encoding}; jpeg compressed {kind}", data=data
    )


def decompressed(message: CompressedImage) -> npt.NDArray[np.uint8]:
    """Return the picture as uint8 (H, W, 3) BGR.

    Raises:
        ImageEncodingError: if it is no picture that OpenCV can read.
    """
    encoded = np.frombuffer(message.data, np.uint8)
    image = None
    if encoded.size:
        try:
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise ImageEncodingError(f"compressed image cannot be read: {error}") from error
    if image is None:
        raise ImageEncodingError(
            f"compressed image of format {message.format!r} and {encoded.size} bytes cannot be read"
        )
    return np.asarray(image, dtype=np.uint8)
