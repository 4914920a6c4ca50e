"""The log-mel features of the voice model: their parameters, and the matrices that compute them.

The exported graph takes a waveform and computes its features itself, by two matrix products with
what is made here; so training and robot cannot differ.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 16_000
"""Samples per second of every waveform."""
FRAME_SAMPLES: Final = 512
"""Length of the Hann window and of the Fourier transform: 32 ms."""
HOP_SAMPLES: Final = 160
"""From one frame to the next: 10 ms."""
MELS: Final = 64
LOWEST_HZ: Final = 50.0
HIGHEST_HZ: Final = 7_600.0
ACTIVE_DECIBEL: Final = 30.0
"""Frames at most this far below the loudest one are taken for speech."""
SPAN_MARGIN_SECONDS: Final = 0.1
"""Kept on both sides of the speech in a recording."""

Waveform = npt.NDArray[np.float32]


def fourier_basis() -> npt.NDArray[np.float32]:
    """Return the windowed cosines and sines of a frame, float32 (2 × (FRAME_SAMPLES / 2 + 1), L).

    The first half of the rows gives the real part of the spectrum, the second the imaginary part.
    """
    samples = np.arange(FRAME_SAMPLES)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * samples / FRAME_SAMPLES)
    bins = np.arange(FRAME_SAMPLES // 2 + 1)[:, None]
    phase = 2 * np.pi * bins * samples / FRAME_SAMPLES
    return np.concatenate([window * np.cos(phase), -window * np.sin(phase)]).astype(np.float32)


def mel_bank(warp: float = 1.0) -> npt.NDArray[np.float32]:
    """Return triangular filters, float32 (MELS, FRAME_SAMPLES / 2 + 1), on the HTK mel scale.

    Args:
        warp: the voice is heard as if all its frequencies were multiplied by this: above one a
            shorter vocal tract and a higher pitch (Jaitly & Hinton, 2013).
    """
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (LOWEST_HZ, HIGHEST_HZ))
    corners = 700.0 * (10.0 ** (np.linspace(low, high, MELS + 2) / 2595.0) - 1.0) / warp
    frequencies = np.linspace(0.0, SAMPLE_RATE / 2, FRAME_SAMPLES // 2 + 1)
    rising = (frequencies - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - frequencies) / (corners[2:] - corners[1:-1])[:, None]
    return np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32)


def speech_span(waveform: Waveform) -> tuple[int, int]:
    """Return first sample and end of the part that is within ACTIVE_DECIBEL of the loudest frame.

    Args:
        waveform: float32 (samples,) at SAMPLE_RATE, of any level.

    Returns:
        The part with a margin on both sides; everything of silence, or of too short a sound.
    """
    frames = len(waveform) // HOP_SAMPLES
    cut = waveform[: frames * HOP_SAMPLES].reshape(frames, HOP_SAMPLES)
    power = np.square(cut, dtype=np.float64).mean(axis=1)
    if frames == 0 or not power.max() > 0.0:
        return 0, len(waveform)
    active = np.flatnonzero(power >= power.max() * 10.0 ** (-ACTIVE_DECIBEL / 10.0))
    margin = round(SPAN_MARGIN_SECONDS * SAMPLE_RATE)
    first = max(int(active[0]) * HOP_SAMPLES - margin, 0)
    return first, min((int(active[-1]) + 1) * HOP_SAMPLES + margin, len(waveform))
