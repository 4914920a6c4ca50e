"""Video files, read through OpenCV, with the reason when one cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2

from emotion_core.capture.source import Clock
from emotion_core.vision.frames import (
    FileEmptyError,
    FileMissingError,
    Frame,
    Image,
    NotAVideoError,
    SourceError,
    TruncatedVideoError,
)
from emotion_core.vision.live_capture import OpenCvCapture


class VideoFile(OpenCvCapture):
    """A video file, read from its start to its end.

    Args:
        path: of the file.
    """

    realtime = False
    recorded = True

    # A file that ends this much early is called truncated. Some containers only estimate their
    # number of frames, from a duration that includes longer sound.
    _MISSING_SECONDS = 1.0
    _MISSING_FRACTION = 0.05

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path).expanduser()
        super().__init__(f"video {self._path}")
        self._announced = 0
        self._read = 0
        self._next: Image | None = None
        self._next_time = 0.0
        self._first_time = 0.0

    @property
    def frame_count(self) -> int:
        """Number of frames the container announces; 0 when it does not tell."""
        return self._announced

    def open(self) -> None:
        """Open the file at its first frame.

        Raises:
            FileMissingError: if there is no such file or it may not be read.
            FileEmptyError: if it has no content.
            TruncatedVideoError: if it is a video whose index is missing.
            NotAVideoError: if it is something else.
        """
        self.close()
        self._check_content()
        self._capture = self._open_capture(str(self._path.resolve()), cv2.CAP_FFMPEG, ())
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT) if self._capture.isOpened() else 0
        self._announced = int(count) if 0 < count < 2**53 else 0
        self._read = 0
        self._next = self._grab() if self._capture.isOpened() else None
        if self._next is None:
            self.close()
            raise self._unreadable()
        self._note_format(self._next)
        self._first_time = self._position()
        self._next_time = 0.0

    def prepare(self) -> float | None:
        """Decode the next frame; return its time since the first one in s, or None at the end.

        Raises:
            TruncatedVideoError: if frames that the file announces are missing.
        """
        if self._next is None:
            if self._capture is None:
                return None
            self._next = self._grab()
            if self._next is None:
                self._check_complete()
                return None
            # Variable frame rates need the container's time; without one, count.
            position = self._position() - self._first_time
            counted = self._read / self.fps
            self._next_time = position if position > self._next_time else counted
        return self._next_time

    def read(self, clock: Clock | None = None) -> Frame | None:
        """Return the next frame, or None at the end.

        Args:
            clock: gives its time; without one it is the time since the first frame.

        Raises:
            TruncatedVideoError: if frames that the file announces are missing.
        """
        time = self.prepare()
        if time is None or self._next is None:
            return None
        frame = Frame(self._next, clock() if clock else time)
        self._next = None
        self._read += 1
        return frame

    def close(self) -> None:
        """Release the file."""
        super().close()
        self._next = None

    def _position(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def _check_content(self) -> None:
        if not self._path.exists():
            raise FileMissingError(f"{self.name}: no such file")
        if not self._path.is_file():
            raise NotAVideoError(f"{self.name}: is no file")
        try:
            with self._path.open("rb") as file:
                head = file.read(4096)
        except OSError as error:
            raise FileMissingError(f"{self.name}: cannot be read: {error.strerror}") from error
        if not head:
            raise FileEmptyError(f"{self.name}: is empty")
        # FFmpeg would open pictures as one frame, and text as a terminal's picture of it.
        if _is_text(head):
            raise NotAVideoError(f"{self.name}: is a text file, not a video")
        if head[:4] != b"GIF8" and cv2.haveImageReader(str(self._path)):
            raise NotAVideoError(f"{self.name}: is a picture, not a video")

    def _check_complete(self) -> None:
        missing = self._announced - self._read
        if missing > max(
            self._MISSING_SECONDS * self.fps, self._MISSING_FRACTION * self._announced
        ):
            raise TruncatedVideoError(
                f"{self.name}: is damaged or truncated: "
                f"ends after {self._read} of {self._announced} frames"
            )

    def _unreadable(self) -> SourceError:
        with self._path.open("rb") as file:
            head = file.read(64)
        if head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1aE\xdf\xa3"):
            return TruncatedVideoError(
                f"{self.name}: is damaged or truncated: it begins like a video, "
                "but holds no picture that can be decoded"
            )
        return NotAVideoError(f"{self.name}: holds no video that can be decoded")


def _is_text(head: bytes) -> bool:
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    try:
        # A multi-byte character may be cut at the end.
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True
