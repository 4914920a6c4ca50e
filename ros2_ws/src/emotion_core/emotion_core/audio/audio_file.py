"""Sound of files, through PyAV: wav, flac and the like, and the sound track of a video."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import av.stream
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from emotion_core.audio.chunks import (
    AudioChunk,
    AudioFileEmptyError,
    AudioFileMissingError,
    AudioSourceError,
    NoAudioTrackError,
    NotAudioError,
    Samples,
)
from emotion_core.audio.conversion import ChunkStream, float_samples
from emotion_core.audio.features import SAMPLE_RATE, Waveform
from emotion_core.capture.source import Clock

_BEGINNINGS: Final = {
    ".wav": (b"RIFF", b"RIFX", b"RF64", b"riff"),
    ".flac": (b"fLaC", b"ID3"),
    ".ogg": (b"OggS",),
}
"""Without these FFmpeg may take a damaged file for another format, and its content for noise."""


class AudioFile:
    """The sound of a file from its start to its end.

    The origin of its times is the first picture when the file has any, else the first sample. So
    the chunk that was recorded with a picture has that picture's time since the first one.

    Args:
        path: of the file.
    """

    realtime = False

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path).expanduser()
        self._container: av.container.InputContainer | None = None
        self._frames: Iterator[AudioFrame] = iter(())
        self._stream: ChunkStream | None = None
        self._format: tuple[int, int] = (0, 0)
        self._ready: deque[Samples] = deque()
        self._origin = 0.0
        self._start = 0.0
        self._read = 0
        self._invalid_before = 0
        self.damaged_packets = 0

    @property
    def name(self) -> str:
        """The path, for people."""
        return f"sound of {self._path}"

    @property
    def invalid_samples(self) -> int:
        """Samples so far that were no numbers and became silence."""
        return self._invalid_before + (self._stream.invalid_samples if self._stream else 0)

    def open(self) -> None:
        """Open the file at its first sample.

        Raises:
            AudioFileMissingError: if there is no such file or it may not be read.
            AudioFileEmptyError: if it has no content, or a sound track without a sample.
            NoAudioTrackError: if it has no sound.
            NotAudioError: if it is damaged or something else.
        """
        self.close()
        self._check_content()
        try:
            self._container = av.open(str(self._path))
        except (FFmpegError, ValueError, OSError) as error:
            raise NotAudioError(
                f"{self.name}: cannot be decoded; it is damaged or no sound ({_reason(error)})"
            ) from error
        try:
            self._begin(self._container)
        except AudioSourceError:
            self.close()
            raise

    def read(self, clock: Clock | None = None) -> AudioChunk | None:  # noqa: ARG002 - see AudioSource
        """Return the next chunk with its time since the origin, or None at the end."""
        while not self._ready:
            if self._stream is None:
                return None
            frame = self._next_frame()
            if frame is None:
                self._ready.extend(self._stream.finish())
                self._drop_stream()
            else:
                self._ready.extend(self._stream.push(self._samples(frame)))
        chunk = AudioChunk(self._ready.popleft(), self._start + self._read / SAMPLE_RATE)
        self._read += len(chunk.samples)
        return chunk

    def close(self) -> None:
        """Release the file."""
        self._drop_stream()
        self._ready.clear()
        self._frames = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def _begin(self, container: av.container.InputContainer) -> None:
        if not container.streams.audio:
            if container.streams.video:
                raise NoAudioTrackError(f"{self.name}: the video has no sound track")
            raise NotAudioError(f"{self.name}: holds no sound")
        track = container.streams.audio[0]
        self._frames = self._decoded(container, track)
        self.damaged_packets = 0
        first = next(self._frames, None)
        if first is None:
            damage = " that can be decoded" if self.damaged_packets else ""
            raise AudioFileEmptyError(f"{self.name}: its sound track has no sample{damage}")
        begins = first.time if first.time is not None else 0.0
        self._start = begins - _first_picture(container, begins)
        self._read = 0
        self._format = (first.rate, len(first.layout.channels))
        self._stream = ChunkStream(first.rate)
        self._ready.extend(self._stream.push(self._samples(first)))

    def _decoded(
        self, container: av.container.InputContainer, track: av.AudioStream
    ) -> Iterator[AudioFrame]:
        packets = container.demux(track)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError:
                # What follows a damaged place of the container cannot be found again.
                self.damaged_packets += 1
                return
            frames: list[AudioFrame] = []
            try:
                frames = [frame for frame in packet.decode() if isinstance(frame, AudioFrame)]
            except FFmpegError:
                self.damaged_packets += 1
            yield from frames

    def _next_frame(self) -> AudioFrame | None:
        frame = next(self._frames, None)
        if frame is not None and (frame.rate, len(frame.layout.channels)) != self._format:
            raise NotAudioError(f"{self.name}: changes its sample rate or channels on the way")
        return frame

    def _samples(self, frame: AudioFrame) -> Waveform:
        values = float_samples(frame.to_ndarray())
        if frame.format.is_planar:
            return np.ascontiguousarray(values.T)
        return values.reshape(-1, len(frame.layout.channels))

    def _drop_stream(self) -> None:
        self._invalid_before = self.invalid_samples
        self._stream = None

    def _check_content(self) -> None:
        if not self._path.exists():
            raise AudioFileMissingError(f"{self.name}: no such file")
        if not self._path.is_file():
            raise NotAudioError(f"{self.name}: is no file")
        try:
            with self._path.open("rb") as file:
                head = file.read(4)
        except OSError as error:
            raise AudioFileMissingError(f"{self.name}: cannot be read: {error.strerror}") from error
        if not head:
            raise AudioFileEmptyError(f"{self.name}: is empty")
        beginnings = _BEGINNINGS.get(self._path.suffix.lower())
        if beginnings is not None and not head.startswith(beginnings):
            raise NotAudioError(
                f"{self.name}: its header is damaged, or it is no {self._path.suffix[1:]} file"
            )


def has_sound(path: str | Path) -> bool:
    """Return whether a file can be opened and its sound track has a sample."""
    source = AudioFile(path)
    try:
        source.open()
    except AudioSourceError:
        return False
    source.close()
    return True


def _first_picture(container: av.container.InputContainer, otherwise: float) -> float:
    for track in container.streams.video:
        # A cover of a music file is a single picture, not a video.
        if track.disposition & av.stream.Disposition.attached_pic:
            continue
        if track.start_time is not None and track.time_base is not None:
            return float(track.start_time * track.time_base)
    return otherwise


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
