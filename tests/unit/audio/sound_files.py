"""Sound and video files that tests make, and the FakeTime of a test that must not wait."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile


def tone(seconds: float, rate: int, hertz: float = 440.0, amplitude: float = 0.5) -> np.ndarray:
    """Return a sine, float32 (samples,)."""
    times = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def clicks(seconds: float, rate: int, at: tuple[float, ...]) -> np.ndarray:
    """Return silence with a short loud burst at each of the times, float32 (samples,)."""
    sound = np.zeros(round(seconds * rate), np.float32)
    for time in at:
        begin = round(time * rate)
        sound[begin : begin + rate // 100] = 0.9
    return sound


def write_sound(path: Path, samples: np.ndarray, rate: int, subtype: str = "PCM_16") -> Path:
    """Write samples (n,) or (n, channels)."""
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def write_video(
    path: Path,
    *,
    flashes: tuple[float, ...],
    seconds: float = 3.0,
    fps: int = 25,
    sound: np.ndarray | None = None,
    rate: int = 48000,
    sound_starts: float = 0.0,
) -> Path:
    """Write a black video that is white for one frame at each of the times, with optional sound."""
    white = {round(time * fps) for time in flashes}
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = (
            container.add_stream("pcm_s16le", rate=rate, layout="mono")
            if sound is not None
            else None
        )
        for number in range(round(seconds * fps)):
            picture = np.full((48, 64, 3), 255 if number in white else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            block = np.rint(sound * 32767).astype(np.int16)[None]
            for begin in range(0, block.shape[1], 1024):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(block[:, begin : begin + 1024]), "s16", "mono"
                )
                frame.sample_rate = rate
                frame.pts = begin + round(sound_starts * rate)
                frame.time_base = Fraction(1, rate)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path
