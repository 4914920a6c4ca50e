"""What a source of sound is, what it delivers, and what can go wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.capture.source import CaptureError, Clock, Source

CHUNK_SAMPLES: Final = 512
"""Length of every chunk, 32 ms: what the voice activity detector takes at once."""

CHUNK_SECONDS: Final = CHUNK_SAMPLES / SAMPLE_RATE

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of mono sound at SAMPLE_RATE.

    Attributes:
        samples: int16 (CHUNK_SAMPLES,). Belongs to the receiver.
        time: capture time of the first sample, s. A recorded source counts it from its own origin.
    """

    samples: Samples
    time: float


class AudioSourceError(CaptureError):
    """A source of sound cannot be used."""


class AudioSpecificationError(AudioSourceError, ValueError):
    """The text that should name a source cannot be understood."""


class AudioFileMissingError(AudioSourceError):
    """There is no such file, or it may not be read."""


class AudioFileEmptyError(AudioSourceError):
    """The file, or its sound track, has no content."""


class NotAudioError(AudioSourceError):
    """The file holds nothing that can be decoded, such as a wav with a broken header."""


class NoAudioTrackError(AudioSourceError):
    """The file is a video without sound."""


class NoAudioSystemError(AudioSourceError):
    """PortAudio, through which devices are read, is not installed."""


class NoMicrophoneError(AudioSourceError):
    """The device is absent, busy or refuses every sample rate."""

    retryable = True


class MicrophoneLostError(AudioSourceError):
    """An open device stopped to deliver sound."""

    retryable = True


class AudioSource(Source, Protocol):
    """Where sound comes from; opening and reading raise `AudioSourceError`.

    A recorded source (``realtime`` is False) has no pace of its own, and its chunks carry the time
    since its origin: for a file with a video that is its first picture.
    """

    @property
    def realtime(self) -> bool:
        """Whether ``read`` itself waits for the next chunk, as a device does."""

    @property
    def invalid_samples(self) -> int:
        """Samples so far that were no numbers and became silence."""

    def read(self, clock: Clock) -> AudioChunk | None:
        """Return the next chunk, or None at the end; the last one is filled up with silence.

        Args:
            clock: s; the time base of a device's chunks.

        Raises:
            AudioSourceError: if no sound comes although some should.
        """
