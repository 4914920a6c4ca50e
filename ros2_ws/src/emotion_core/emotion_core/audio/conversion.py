"""From samples of any rate, type and number of channels to chunks of mono int16 at SAMPLE_RATE."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from emotion_core.audio.chunks import CHUNK_SAMPLES, Samples
from emotion_core.audio.features import SAMPLE_RATE, Waveform

INT16_SCALE = 32768.0
"""Full scale of int16 samples; floating-point ones have it at 1."""


def float_samples(samples: npt.NDArray[Any]) -> Waveform:
    """Return samples with full scale at 1, float32 of the same shape.

    Args:
        samples: of a signed integer type, of uint8 (silent at 128), or floating-point.

    Raises:
        TypeError: if the type is another one.
    """
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / 128.0
    if samples.dtype.kind == "i":
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    raise TypeError(f"samples of type {samples.dtype} are not known")


def int16_samples(waveform: Waveform) -> Samples:
    """Return a waveform in [-1, 1] as int16; what lies beyond is clipped."""
    scaled = np.rint(waveform * INT16_SCALE)
    clipped: Samples = np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1).astype(np.int16)
    return clipped


class ChunkStream:
    """Mixes to mono, replaces what is no number by silence, resamples, and cuts into chunks.

    Output sample k lies at time k / SAMPLE_RATE after the first input sample: the resampler makes
    up for its own delay.

    Args:
        rate: of the input, samples/s, > 0.
    """

    def __init__(self, rate: float) -> None:
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"sample rate {rate} must be > 0")
        self.invalid_samples = 0
        self._resampler = (
            None
            if rate == SAMPLE_RATE
            else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        )
        self._pending = np.empty(0, np.float32)

    def push(self, samples: Waveform) -> Iterator[Samples]:
        """Take more input and return the chunks that are complete.

        Args:
            samples: float32 (samples,) or (samples, channels).
        """
        valid = np.isfinite(samples)
        if not valid.all():
            self.invalid_samples += int(samples.size - valid.sum())
            samples = np.where(valid, samples, np.float32(0))
        # A wild value of a floating-point file would ring through the resampler.
        samples = np.clip(samples, -1.0, 1.0)
        mono = samples.mean(axis=1, dtype=np.float32) if samples.ndim == 2 else samples
        return self._cut(self._resample(mono, last=False))

    def finish(self) -> Iterator[Samples]:
        """Return the rest, filled up with silence to a whole chunk."""
        chunks = list(self._cut(self._resample(np.empty(0, np.float32), last=True)))
        if len(self._pending):
            padded = np.zeros(CHUNK_SAMPLES, np.float32)
            padded[: len(self._pending)] = self._pending
            self._pending = self._pending[:0]
            chunks.append(int16_samples(padded))
        return iter(chunks)

    def _resample(self, mono: Waveform, *, last: bool) -> Waveform:
        if self._resampler is None:
            return mono
        return np.asarray(self._resampler.resample_chunk(mono, last=last), np.float32)

    def _cut(self, mono: Waveform) -> Iterator[Samples]:
        joined = np.concatenate([self._pending, mono])
        whole = len(joined) // CHUNK_SAMPLES * CHUNK_SAMPLES
        self._pending = joined[whole:]
        return iter([int16_samples(c) for c in joined[:whole].reshape(-1, CHUNK_SAMPLES)])
