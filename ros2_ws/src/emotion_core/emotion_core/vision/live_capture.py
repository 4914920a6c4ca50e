"""Webcams and network streams: live pictures read through OpenCV."""

from __future__ import annotations

import contextlib
import math
import os
import stat
import time as system_time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from emotion_core.capture.source import Clock
from emotion_core.vision.frames import (
    CameraLostError,
    Frame,
    Image,
    NoCameraError,
    SourceSpecificationError,
    StreamLostError,
    StreamUnavailableError,
)

OpenCapture = Callable[[str | int, int, Sequence[int]], Any]

DEFAULT_FPS = 30.0
_STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "rtp", "srt")
_STREAM_TIMEOUT_MS = 3000

# FFmpeg must not write about broken input on stderr either. OpenCV reads this once, when it first
# opens a video; -8 is FFmpeg's AV_LOG_QUIET.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@contextlib.contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Keep OpenCV from writing about broken input on stderr: errors are raised here."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def open_video_capture(target: str | int, backend: int, settings: Sequence[int]) -> Any:
    """Return a ``cv2.VideoCapture``, open or not; settings are pairs of property and value."""
    with _quiet_opencv():
        return cv2.VideoCapture(target, backend, list(settings))


class OpenCvCapture:
    """What all sources that read through OpenCV share."""

    def __init__(self, name: str, open_capture: OpenCapture = open_video_capture) -> None:
        self._name = name
        self._open_capture = open_capture
        self._capture: Any = None
        self._fps = DEFAULT_FPS
        self._width = 0
        self._height = 0

    @property
    def name(self) -> str:
        """The source as a person would name it, without passwords."""
        return self._name

    @property
    def fps(self) -> float:
        """Nominal frame rate, 1/s."""
        return self._fps

    @property
    def width(self) -> int:
        """Pixels; 0 when not known yet."""
        return self._width

    @property
    def height(self) -> int:
        """Pixels; 0 when not known yet."""
        return self._height

    def close(self) -> None:
        """Release the device or file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _note_format(self, image: Image) -> None:
        self._height, self._width = image.shape[:2]
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._fps = fps if math.isfinite(fps) and 0 < fps <= 1000 else DEFAULT_FPS

    def _grab(self) -> Image | None:
        """Return the next picture as BGR, or None."""
        with _quiet_opencv():
            found, image = self._capture.read()
        if not found or image is None or image.size == 0:
            return None
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return np.asarray(image, dtype=np.uint8)


class Webcam(OpenCvCapture):
    """A camera on Video4Linux2.

    Args:
        device: number N of /dev/videoN, or a path.
        width: requested, pixels; the camera may choose another one.
        height: requested, pixels.
        fps: requested frame rate, 1/s.
        monotonic: the clock of the driver's time stamps.
        open_capture: replaces ``cv2.VideoCapture`` in tests.
    """

    realtime = True

    def __init__(
        self,
        device: int | str = 0,
        width: int = 640,
        height: int = 480,
        fps: float = DEFAULT_FPS,
        *,
        monotonic: Clock = system_time.monotonic,
        open_capture: OpenCapture = open_video_capture,
    ) -> None:
        path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
        super().__init__(f"webcam {path}", open_capture)
        self._path = path
        self._width, self._height, self._fps = width, height, fps
        self._monotonic = monotonic

    def open(self) -> None:
        """Open the camera.

        Raises:
            NoCameraError: if it is absent, busy, not permitted or no camera.
        """
        self.close()
        self._check_device()
        settings = (
            *(cv2.CAP_PROP_FRAME_WIDTH, self._width),
            *(cv2.CAP_PROP_FRAME_HEIGHT, self._height),
            *(cv2.CAP_PROP_FPS, round(self._fps)),
            *(cv2.CAP_PROP_BUFFERSIZE, 2),
        )
        self._capture = self._open_capture(str(self._path), cv2.CAP_V4L2, settings)
        if not self._capture.isOpened():
            self.close()
            raise NoCameraError(f"{self.name}: cannot be opened; it is busy or no camera")
        image = self._grab()
        if image is None:
            self.close()
            raise NoCameraError(f"{self.name}: opens but delivers no picture")
        self._note_format(image)

    def read(self, clock: Clock) -> Frame | None:
        """Wait for the next picture; its time is that of the driver where it gives one.

        Raises:
            CameraLostError: if the camera has gone.
        """
        if self._capture is None:
            raise CameraLostError(f"{self.name}: is not open")
        image = self._grab()
        if image is None:
            raise CameraLostError(f"{self.name}: delivers no pictures any more")
        age = self._monotonic() - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Drivers that stamp with another clock, or not at all, give ages that make no sense.
        return Frame(image, clock() - (age if 0 <= age < 1 else 0.0))

    def _check_device(self) -> None:
        try:
            mode = self._path.stat().st_mode
        except OSError as error:
            present = sorted(str(path) for path in Path("/dev").glob("video*"))
            found = ", ".join(present) or "none"
            raise NoCameraError(
                f"{self.name}: {error.strerror}; video devices present: {found}"
            ) from error
        if not stat.S_ISCHR(mode):
            raise NoCameraError(f"{self.name}: is no device")
        if not os.access(self._path, os.R_OK | os.W_OK):
            raise NoCameraError(f"{self.name}: permission denied; is the user in group 'video'?")


class NetworkStream(OpenCvCapture):
    """A live stream, such as an IP camera's ``rtsp://`` or MJPEG over ``http://``.

    Args:
        url: with a scheme FFmpeg knows. A password in it never appears in ``name`` or a message.

    Raises:
        SourceSpecificationError: if the text is no URL of a stream.
    """

    realtime = True

    def __init__(self, url: str) -> None:
        known = ", ".join(_STREAM_SCHEMES)
        expected = f"stream: a URL with host and one of the schemes {known} is expected"
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise SourceSpecificationError(expected) from error
        if parts.scheme.lower() not in _STREAM_SCHEMES or not parts.netloc:
            raise SourceSpecificationError(expected)
        host = parts.netloc.rpartition("@")[2]
        super().__init__(f"stream {parts.scheme}://{host}{parts.path}")
        self._url = url

    def open(self) -> None:
        """Connect.

        Raises:
            StreamUnavailableError: if there is no answer, or none that holds a video.
        """
        self.close()
        timeouts = (
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _STREAM_TIMEOUT_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _STREAM_TIMEOUT_MS),
        )
        self._capture = self._open_capture(self._url, cv2.CAP_FFMPEG, timeouts)
        image = self._grab() if self._capture.isOpened() else None
        if image is None:
            self.close()
            raise StreamUnavailableError(f"{self.name}: no answer, or no video in it")
        self._note_format(image)

    def read(self, clock: Clock) -> Frame | None:
        """Wait for the next picture and stamp it with its arrival.

        Raises:
            StreamLostError: if the stream has ended or nothing came for three seconds.
        """
        if self._capture is None:
            raise StreamLostError(f"{self.name}: is not open")
        image = self._grab()
        if image is None:
            raise StreamLostError(f"{self.name}: broke off")
        return Frame(image, clock())
