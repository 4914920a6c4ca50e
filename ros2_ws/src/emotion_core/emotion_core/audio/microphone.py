"""Sound of a device, through PortAudio."""

from __future__ import annotations

import contextlib
import importlib
import queue
import time as system_time
from collections import deque
from dataclasses import dataclass
from typing import Any

from emotion_core.audio.chunks import (
    CHUNK_SECONDS,
    AudioChunk,
    MicrophoneLostError,
    NoAudioSystemError,
    NoMicrophoneError,
    Samples,
)
from emotion_core.audio.conversion import ChunkStream
from emotion_core.audio.features import SAMPLE_RATE, Waveform
from emotion_core.audio.sample_clock import SampleClock
from emotion_core.capture.source import Clock

_PATIENCE_SECONDS = 2.0
"""Without a block for so long the device is taken to be gone."""

_QUEUED_BLOCKS = 64
"""About two seconds; beyond that the oldest go, and the gap shows in the times."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A device that can be listened to.

    Attributes:
        index: of PortAudio.
        name: as the system calls it.
        channels: most it delivers.
        sample_rate: its own, 1/s.
    """

    index: int
    name: str
    channels: int
    sample_rate: float


@dataclass(frozen=True, slots=True)
class _Block:
    samples: Waveform
    captured: float


def load_sound_library() -> Any:
    """Return the module `sounddevice`.

    Raises:
        NoAudioSystemError: if it or PortAudio is missing.
    """
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise NoAudioSystemError("microphone: the Python package sounddevice is missing") from error
    except OSError as error:
        raise NoAudioSystemError(
            "microphone: PortAudio is missing; install the system package libportaudio2"
        ) from error


def list_microphones(library: Any = None) -> list[InputDevice]:
    """Return the devices that can be listened to now.

    Args:
        library: replaces `sounddevice` in tests.

    Raises:
        NoAudioSystemError: if PortAudio is missing.
    """
    sound = library or load_sound_library()
    return [
        InputDevice(
            index,
            str(device["name"]),
            int(device["max_input_channels"]),
            float(device["default_samplerate"]),
        )
        for index, device in enumerate(sound.query_devices())
        if device["max_input_channels"] > 0
    ]


class Microphone:
    """A PortAudio device, resampled to SAMPLE_RATE when it has another rate only.

    Args:
        device: index, part of a name, or None for the system's default.
        library: replaces `sounddevice` in tests.
        monotonic: s, never set back; bridges the time from PortAudio's thread to ``read``.
        patience: s without sound after which the device is taken to be gone.
    """

    realtime = True

    def __init__(
        self,
        device: int | str | None = None,
        *,
        library: Any = None,
        monotonic: Clock = system_time.monotonic,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._device = device
        self._library = library
        self._monotonic = monotonic
        self._patience = patience
        self._handle: Any = None
        self._blocks: queue.Queue[_Block] = queue.Queue(_QUEUED_BLOCKS)
        self._stream: ChunkStream | None = None
        self._clock = SampleClock(SAMPLE_RATE)
        self._ready: deque[tuple[Samples, float]] = deque()
        self._rate = float(SAMPLE_RATE)
        self._pushed = 0
        self._cut = 0
        self._invalid_before = 0
        self.overflows = 0

    @property
    def name(self) -> str:
        """The device, for people."""
        return "microphone" if self._device is None else f"microphone {self._device}"

    @property
    def gaps(self) -> int:
        """Interruptions of the sound since the device was opened."""
        return self._clock.gaps

    @property
    def sample_rate(self) -> float:
        """At which the device was opened, 1/s."""
        return self._rate

    @property
    def invalid_samples(self) -> int:
        """Samples so far that were no numbers and became silence."""
        return self._invalid_before + (self._stream.invalid_samples if self._stream else 0)

    def open(self) -> None:
        """Open the device.

        Raises:
            NoAudioSystemError: if PortAudio is missing.
            NoMicrophoneError: if the device is absent, busy or refuses every rate.
        """
        self.close()
        sound = self._library or load_sound_library()
        # PortAudio looks for devices only when it starts: without this, one that was plugged in
        # later would never be found.
        with contextlib.suppress(Exception):
            sound._terminate()
        sound._initialize()
        info = self._find(sound)
        self._rate, channels = self._settings(sound, info)
        self._blocks = queue.Queue(_QUEUED_BLOCKS)
        self._ready.clear()
        self._stream = ChunkStream(self._rate)
        self._clock = SampleClock(self._rate)
        self._pushed = self._cut = 0
        try:
            self._handle = sound.InputStream(
                device=info.index,
                samplerate=self._rate,
                channels=channels,
                dtype="float32",
                blocksize=round(self._rate * CHUNK_SECONDS),
                latency="low",
                callback=self._on_block,
            )
            self._handle.start()
        except sound.PortAudioError as error:
            self.close()
            raise NoMicrophoneError(f"{self.name}: cannot be opened: {error}") from error

    def read(self, clock: Clock) -> AudioChunk | None:
        """Wait for the next chunk; its time is that of PortAudio's converter where it gives one.

        Raises:
            MicrophoneLostError: if the device has gone.
        """
        while not self._ready:
            if self._handle is None or self._stream is None:
                raise MicrophoneLostError(f"{self.name}: is not open")
            try:
                block = self._blocks.get(timeout=self._patience)
            except queue.Empty as error:
                raise MicrophoneLostError(f"{self.name}: delivers no sound any more") from error
            self._take(self._stream, block, clock)
        samples, time = self._ready.popleft()
        return AudioChunk(samples, time)

    def close(self) -> None:
        """Release the device."""
        self._invalid_before = self.invalid_samples
        self._stream = None
        if self._handle is not None:
            # Closing a device that has gone fails, and is done all the same.
            with contextlib.suppress(Exception):
                self._handle.close()
            self._handle = None

    def _find(self, sound: Any) -> InputDevice:
        devices = list_microphones(sound)
        found = ", ".join(f"{device.index}: {device.name}" for device in devices) or "none"
        if not devices:
            raise NoMicrophoneError(f"{self.name}: no device to listen to is present")
        if self._device is None:
            default = sound.default.device[0]
            return next((device for device in devices if device.index == default), devices[0])
        if isinstance(self._device, int):
            matches = [device for device in devices if device.index == self._device]
        else:
            wanted = self._device.lower()
            matches = [device for device in devices if wanted in device.name.lower()]
        if not matches:
            raise NoMicrophoneError(f"{self.name}: no such device; present: {found}")
        return matches[0]

    def _settings(self, sound: Any, info: InputDevice) -> tuple[float, int]:
        reason: object = ""
        for rate in dict.fromkeys((float(SAMPLE_RATE), info.sample_rate)):
            for channels in dict.fromkeys((1, info.channels)):
                try:
                    sound.check_input_settings(
                        device=info.index, channels=channels, dtype="float32", samplerate=rate
                    )
                except (sound.PortAudioError, ValueError) as error:  # noqa: PERF203
                    reason = error
                else:
                    return rate, channels
        raise NoMicrophoneError(f"{self.name}: refuses every sample rate: {reason}")

    def _on_block(self, samples: Waveform, frames: int, time: Any, status: Any) -> None:
        """Run in PortAudio's thread: only copy and go."""
        if status and status.input_overflow:
            self.overflows += 1
        age = time.currentTime - time.inputBufferAdcTime
        # Some systems leave these times empty.
        if not (time.inputBufferAdcTime > 0 and 0 <= age < 1):
            age = frames / self._rate
        block = _Block(samples.copy(), self._monotonic() - age)
        while True:
            try:
                self._blocks.put_nowait(block)
            except queue.Full:  # noqa: PERF203
                with contextlib.suppress(queue.Empty):
                    self._blocks.get_nowait()
            else:
                return

    def _take(self, stream: ChunkStream, block: _Block, clock: Clock) -> None:
        now = clock()
        offset = self._pushed / self._rate
        captured = now - (self._monotonic() - block.captured)
        time = self._clock.stamp(len(block.samples), captured)
        self._pushed += len(block.samples)
        for samples in stream.push(block.samples):
            self._ready.append((samples, time + self._cut / SAMPLE_RATE - offset))
            self._cut += len(samples)
