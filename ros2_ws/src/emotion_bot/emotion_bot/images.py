"""Between image messages and arrays."""

from __future__ import annotations

import array

import cv2
import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image
from std_msgs.msg import Header

_BYTES_PER_PIXEL = {"bgr8": 3, "rgb8": 3, "mono8": 1, "yuv422_yuy2": 2}


class ImageEncodingError(ValueError):
    """An image message cannot be read; the message says why."""


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


def bgr_from_image(message: Image) -> npt.NDArray[np.uint8]:
    """Return the picture as uint8 (H, W, 3) BGR, whatever its encoding; see `array_from_image`."""
    pixels = array_from_image(message)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    return pixels


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
