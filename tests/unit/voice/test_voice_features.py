from __future__ import annotations

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.audio.features import (
    ACTIVE_DECIBEL,
    FRAME_SAMPLES,
    HIGHEST_HZ,
    HOP_SAMPLES,
    LOWEST_HZ,
    MELS,
    SAMPLE_RATE,
    SPAN_MARGIN_SECONDS,
    mel_bank,
    speech_span,
)
from emotion_core.nets.vocal import PowerSpectrum, VoiceFeatures

pytestmark = pytest.mark.unit


@pytest.fixture
def waveforms() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(SAMPLE_RATE * 2) / SAMPLE_RATE
    voice = torch.sin(2 * torch.pi * (180 * time + 40 * torch.sin(3 * time))).cumsum(0) * 0.01
    return torch.stack([voice, 0.1 * torch.randn(len(time), generator=generator)])


def test_mels_equal_torchaudio(waveforms: torch.Tensor) -> None:
    reference = torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATE,
        FRAME_SAMPLES,
        hop_length=HOP_SAMPLES,
        f_min=LOWEST_HZ,
        f_max=HIGHEST_HZ,
        n_mels=MELS,
        center=False,
    )(waveforms)
    mels = torch.from_numpy(mel_bank()) @ PowerSpectrum()(waveforms)
    assert mels.shape == reference.shape
    decibel, expected = (10 * torch.log10(power + 1e-6) for power in (mels, reference))
    torch.testing.assert_close(decibel, expected, atol=0.01, rtol=0)


def test_every_filter_hears_something() -> None:
    for warp in (0.8, 1.0, 1.2):
        assert (mel_bank(warp).sum(axis=1)[:-6] > 0).all()


def test_warped_filters_hear_a_higher_voice() -> None:
    warp = 1.2
    spectrum = np.zeros(FRAME_SAMPLES // 2 + 1, dtype=np.float32)
    low, high = spectrum.copy(), spectrum.copy()
    low[50], high[60] = 1.0, 1.0
    assert (mel_bank(warp) @ low).argmax() == (mel_bank() @ high).argmax()


def test_features_do_not_depend_on_the_level(waveforms: torch.Tensor) -> None:
    features = VoiceFeatures()
    loud, loud_active = features(PowerSpectrum()(waveforms))
    quiet, quiet_active = features(PowerSpectrum()(0.05 * waveforms))
    torch.testing.assert_close(loud, quiet, atol=1e-3, rtol=0)
    torch.testing.assert_close(loud_active, quiet_active)


def test_silence_around_the_voice_does_not_change_its_features(waveforms: torch.Tensor) -> None:
    features = VoiceFeatures()
    frames = 100
    padded = torch.nn.functional.pad(waveforms, (frames * HOP_SAMPLES, 0))
    alone, _ = features(PowerSpectrum()(waveforms))
    within, active = features(PowerSpectrum()(padded))
    # Frames across the edge hear a part of the voice and move the means a little.
    torch.testing.assert_close(within[..., frames:], alone, atol=0.15, rtol=0)
    assert active[:, : frames - 4].sum() == 0


def test_silence_has_finite_features() -> None:
    values, active = VoiceFeatures()(PowerSpectrum()(torch.zeros(1, SAMPLE_RATE)))
    assert torch.isfinite(values).all()
    assert torch.isfinite(active).all()


def test_the_span_holds_the_speech_and_its_margin() -> None:
    waveform = np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    waveform[SAMPLE_RATE : 2 * SAMPLE_RATE] = np.sin(np.arange(SAMPLE_RATE) / 10)
    waveform += 0.9 * 10 ** (-ACTIVE_DECIBEL / 20) * np.sin(np.arange(len(waveform)) / 7) * 0.5
    first, end = speech_span(waveform)
    margin = SPAN_MARGIN_SECONDS * SAMPLE_RATE
    assert first == pytest.approx(SAMPLE_RATE - margin, abs=HOP_SAMPLES)
    assert end == pytest.approx(2 * SAMPLE_RATE + margin, abs=HOP_SAMPLES)


@given(st.integers(0, 2000), st.floats(0.0, 10.0))
@settings(max_examples=30, deadline=None)
def test_a_span_is_always_inside(samples: int, level: float) -> None:
    waveform = np.full(samples, level, dtype=np.float32)
    first, end = speech_span(waveform)
    assert 0 <= first <= end <= samples
    assert (first, end) == (0, samples)
