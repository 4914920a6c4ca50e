"""Writing what was seen in a video as another video."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.replay.annotate import annotate
from emotion_core.replay.timeline import TimelineRow

Image = npt.NDArray[np.uint8]

_QUEUED_FRAMES: Final = 16
"""Frames that may wait for the encoder."""


class VideoWriteError(RuntimeError):
    """A video cannot be written; the message names the file."""


class AnnotatedVideo:
    """Draws and encodes frames in a thread of its own, because encoding costs as much as tracking.

    Args:
        path: of the MP4 file.
        fps: frames per second.
        size: width and height, pixels.

    Raises:
        VideoWriteError: if the file cannot be opened for writing.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        self._size = size
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
        if not self._writer.isOpened():
            raise VideoWriteError(f"cannot write video {path}")
        self._queue: queue.Queue[tuple[Image, list[TimelineRow]] | None] = queue.Queue(
            _QUEUED_FRAMES
        )
        self._thread = threading.Thread(target=self._run, name="annotated video", daemon=True)
        self._thread.start()

    def __enter__(self) -> AnnotatedVideo:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        self._writer.release()

    def write(self, image: Image, rows: list[TimelineRow]) -> None:
        """Add a frame; waits when the encoder is behind."""
        self._queue.put((image, rows))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            image, rows = item
            drawn = annotate(image, rows)
            if drawn.shape[1::-1] != self._size:
                drawn = np.asarray(cv2.resize(drawn, self._size), dtype=np.uint8)
            self._writer.write(drawn)
