from __future__ import annotations

import numpy as np
import pytest
import torch

from emotion_core.audio.features import FRAME_SAMPLES, SAMPLE_RATE
from emotion_train.evaluation.voice import add_noise as evaluation_noise
from emotion_train.tasks.voice.augmentation import (
    SpectrumChanges,
    change_waveforms,
    coloured_noise,
    mask,
    mix,
    reverberate,
    scaled_noise,
)
from emotion_train.tasks.voice.data import cut_windows
from emotion_train.tasks.voice.settings import VoiceAugmentation

pytestmark = pytest.mark.unit

NO_CHANGE = VoiceAugmentation()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_settings_of_zero_change_nothing() -> None:
    waveforms = torch.randn(3, SAMPLE_RATE)
    assert change_waveforms(waveforms, NO_CHANGE) is waveforms
    power = torch.rand(3, FRAME_SAMPLES // 2 + 1, 50)
    changed, banks = SpectrumChanges(NO_CHANGE)(power)
    torch.testing.assert_close(changed, power)
    assert (banks == banks[0]).all()
    features = torch.randn(3, 2, 64, 50)
    torch.testing.assert_close(mask(features, NO_CHANGE), features)


def test_noise_has_the_asked_ratio() -> None:
    waveforms = 0.3 * torch.randn(2, SAMPLE_RATE)
    snr = torch.tensor([[20.0], [0.0]])
    noise = scaled_noise(waveforms, torch.randn(2, SAMPLE_RATE), snr)
    ratio = waveforms.square().mean(dim=1) / noise.square().mean(dim=1)
    torch.testing.assert_close(10 * torch.log10(ratio), snr[:, 0], atol=1e-3, rtol=0)


def test_brown_noise_lies_low() -> None:
    white, brown = coloured_noise(torch.tensor([[0.0], [2.0]]), SAMPLE_RATE)
    for noise, low, high in ((white, 0.4, 0.6), (brown, 0.95, 1.0)):
        power = torch.fft.rfft(noise).abs().square()
        share = float(power[: len(power) // 2].sum() / power.sum())
        assert low <= share <= high


def test_a_room_sounds_after_the_voice_has_ended() -> None:
    click = torch.zeros(4, SAMPLE_RATE)
    click[:, 100] = 1.0
    settings = VoiceAugmentation(reverberation=1.0, reverberation_seconds=(0.3, 0.3))
    wet = reverberate(click, settings)
    torch.testing.assert_close(wet[:, 100], torch.ones(4), atol=1e-4, rtol=0)
    early = wet[:, 101:2000].square().mean(dim=1)
    late = wet[:, 101 + 4800 - 1899 : 4901].square().mean(dim=1)
    assert (wet[:, :100].abs() < 1e-4).all()
    assert (early > 1000 * late).all()
    assert (late > 0).all()


def test_a_telephone_has_no_bass_and_no_treble() -> None:
    power = torch.ones(8, FRAME_SAMPLES // 2 + 1, 10)
    changed, _ = SpectrumChanges(VoiceAugmentation(band_limit=1.0))(power)
    middle = changed[:, 32:80]
    torch.testing.assert_close(middle, torch.ones_like(middle))
    assert (changed[:, -1] < 1.0).all()


def test_tempo_keeps_the_bands() -> None:
    power = torch.rand(2, FRAME_SAMPLES // 2 + 1, 100)
    frames = {SpectrumChanges(VoiceAugmentation(tempo=1.2))(power)[0].shape[2] for _ in range(20)}
    assert min(frames) >= 83
    assert max(frames) <= 120
    assert len(frames) > 5


def test_mixed_labels_still_sum_to_one() -> None:
    labels = torch.eye(7)
    features, active, mixed = mix(
        torch.randn(7, 2, 64, 10),
        torch.ones(7, 10),
        labels,
        VoiceAugmentation(mixup=0.5),
    )
    torch.testing.assert_close(mixed.sum(dim=1), torch.ones(7))
    assert (mixed.max(dim=1).values < 1).any()
    assert features.shape == (7, 2, 64, 10)
    torch.testing.assert_close(active, torch.ones(7, 10))


def test_windows_are_filled_with_zeros_outside() -> None:
    waveforms = torch.arange(1.0, 6.0).expand(3, 5)
    windows = cut_windows(waveforms, torch.tensor([-2, 1, 4]), 3)
    assert windows.tolist() == [[0, 0, 1], [2, 3, 4], [5, 0, 0]]


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_evaluation_noise_is_measured_against_the_speech(colour: str) -> None:
    waveform = np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    speech = slice(SAMPLE_RATE, 2 * SAMPLE_RATE)
    waveform[speech] = 0.1 * np.sin(np.arange(SAMPLE_RATE) / 10)
    noisy = evaluation_noise(waveform, 10.0, colour, np.random.default_rng(0))
    noise_power = np.square(noisy - waveform).mean()
    # The span has margins of silence on both sides, so the speech in it is a little weaker.
    ratio = 10 * np.log10(np.square(waveform[speech]).mean() / noise_power)
    assert ratio == pytest.approx(10.0, abs=1.0)


def test_unknown_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="white or pink"):
        evaluation_noise(np.ones(10, np.float32), 10.0, "blue", np.random.default_rng(0))
