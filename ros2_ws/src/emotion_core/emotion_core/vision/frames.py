"""What a source of camera pictures is, and what can go wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from emotion_core.capture.source import CaptureError, Clock, Source

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    Attributes:
        image: shape (height, width, 3), uint8, BGR. Belongs to the receiver.
        time: of the capture, s, on the clock that was given to ``read``.
    """

    image: Image
    time: float


class SourceError(CaptureError):
    """A source of pictures cannot be used."""


class SourceSpecificationError(SourceError, ValueError):
    """The text that should name a source cannot be understood."""


class FileMissingError(SourceError):
    """There is no such file, or it may not be read."""


class FileEmptyError(SourceError):
    """The file has no content."""


class NotAVideoError(SourceError):
    """The file holds something else than a video."""


class TruncatedVideoError(SourceError):
    """The video's end is missing, or it is damaged."""


class NoCameraError(SourceError):
    """The camera is absent, busy or not permitted."""

    retryable = True


class CameraLostError(SourceError):
    """An open camera stopped to deliver pictures."""

    retryable = True


class StreamUnavailableError(SourceError):
    """The network stream cannot be opened."""

    retryable = True


class StreamLostError(SourceError):
    """An open network stream stopped to deliver pictures."""

    retryable = True


class FrameSource(Source, Protocol):
    """Where pictures come from; opening and reading raise `SourceError`.

    ``fps``, ``width`` and ``height`` are those of the opened source (requested ones before).
    """

    @property
    def fps(self) -> float:
        """Nominal frame rate, 1/s, > 0."""

    @property
    def width(self) -> int:
        """Pixels; 0 when not known before ``open``."""

    @property
    def height(self) -> int:
        """Pixels; 0 when not known before ``open``."""

    @property
    def realtime(self) -> bool:
        """Whether ``read`` itself waits for the next picture, as a camera does."""

    def read(self, clock: Clock) -> Frame | None:
        """Return the next picture, stamped with the clock's value at its capture; None at the end.

        Raises:
            SourceError: if no picture comes although one should.
        """


class PacedSource(FrameSource, Protocol):
    """A source without a pace of its own (``realtime`` is False): whoever reads decides when."""

    @property
    def recorded(self) -> bool:
        """Whether every picture matters (a file) or only the newest (a simulated camera)."""

    def prepare(self) -> float | None:
        """Make the next picture ready and return its time since the first, s; None at the end.

        Raises:
            SourceError: as ``read``.
        """
