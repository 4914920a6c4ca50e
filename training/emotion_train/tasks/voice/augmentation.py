"""Random changes of voices, for a whole batch at once: on samples, on spectra and on features."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from emotion_core.audio.features import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    mel_bank,
)
from emotion_train.tasks.voice.settings import VoiceAugmentation

WARPS: Final = 21
"""Prepared mel filters between the strongest warp down and the strongest up."""
NOISE_SLOPES: Final = (0.0, 2.0)
"""Noise power falls with frequency to this power: white to brown."""
BABBLE_VOICES: Final = 4
BAND_LOW_HZ: Final = (20.0, 400.0)
BAND_HIGH_HZ: Final = (2_800.0, 7_500.0)
BAND_SLOPE_DB: Final = 40.0
"""Attenuation one octave outside a band."""
EQUALISER_KNOTS: Final = 6
DIRECT_TO_ROOM: Final = (0.5, 4.0)
"""Energy of the direct sound divided by that of the room."""


class VoiceBatch(NamedTuple):
    """Windows and what is known about them.

    Attributes:
        waveforms: float (N, samples).
        labels: float (N, 7), one-hot.
        corpora: int64 (N,), positions in the experiment's corpora.
    """

    waveforms: Tensor
    labels: Tensor
    corpora: Tensor


def change_waveforms(waveforms: Tensor, settings: VoiceAugmentation) -> Tensor:
    """Put each voice into a room and among noise, as the settings say; (N, samples)."""
    if settings.reverberation > 0:
        waveforms = reverberate(waveforms, settings)
    if settings.noise > 0:
        waveforms = add_noise(waveforms, settings)
    return waveforms


def reverberate(waveforms: Tensor, settings: VoiceAugmentation) -> Tensor:
    """Convolve some voices with a direct sound followed by decaying noise."""
    chosen = torch.rand(len(waveforms)) < settings.reverberation
    if not chosen.any():
        return waveforms
    dry = waveforms[chosen]
    count, samples = dry.shape
    low, high = settings.reverberation_seconds
    seconds = torch.empty(count, 1).uniform_(low, high)
    time = torch.arange(round(high * SAMPLE_RATE)) / SAMPLE_RATE
    # Amplitude falls by 60 dB, a factor of a thousand, within the reverberation time.
    room = torch.randn(count, len(time)) * torch.exp(-math.log(1000.0) * time / seconds)
    ratio = torch.empty(count, 1).uniform_(*DIRECT_TO_ROOM)
    room = room / (room.square().sum(dim=1, keepdim=True) * ratio).sqrt()
    room[:, 0] = 1.0
    length = samples + len(time)
    spectrum = torch.fft.rfft(dry, length) * torch.fft.rfft(room, length)
    wet = torch.fft.irfft(spectrum, length)[:, :samples]
    result = waveforms.clone()
    result[chosen] = wet
    return result


def add_noise(waveforms: Tensor, settings: VoiceAugmentation) -> Tensor:
    """Add coloured noise or a babble of the batch's own voices at a random SNR to some voices."""
    count, samples = waveforms.shape
    chosen = (torch.rand(count, 1) < settings.noise).float()
    slopes = torch.empty(count, 1).uniform_(*NOISE_SLOPES)
    noise = coloured_noise(slopes, samples)
    babble = torch.stack(
        [
            waveforms[torch.randperm(count)].roll(int(torch.randint(samples, ())), dims=1)
            for _ in range(BABBLE_VOICES)
        ]
    ).sum(dim=0)
    noise = torch.where(torch.rand(count, 1) < 0.25, babble, noise)
    snr = torch.empty(count, 1).uniform_(*settings.noise_snr_db)
    return waveforms + chosen * scaled_noise(waveforms, noise, snr)


def coloured_noise(slopes: Tensor, samples: int) -> Tensor:
    """Return noise (N, samples) whose power falls with frequency to the power ``slopes`` (N, 1)."""
    spectrum = torch.fft.rfft(torch.randn(len(slopes), samples))
    frequency = torch.arange(1, spectrum.shape[1] + 1) / spectrum.shape[1]
    # Below 50 Hz nothing is gained by more power.
    frequency = frequency.clamp(min=100.0 / SAMPLE_RATE)
    return torch.fft.irfft(spectrum * frequency ** (-slopes / 2.0), samples)


def scaled_noise(waveforms: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Return the noise at the power that makes the ratio of powers ``snr_db``, (N, 1)."""
    signal = waveforms.square().mean(dim=1, keepdim=True)
    power = noise.square().mean(dim=1, keepdim=True).clamp(min=1e-12)
    return noise * (signal / power).sqrt() * 10.0 ** (-snr_db / 20.0)


class SpectrumChanges:
    """Random microphone, vocal tract and tempo, applied to power spectra.

    Args:
        settings: how strong.
    """

    def __init__(self, settings: VoiceAugmentation) -> None:
        self._settings = settings
        warps = torch.linspace(-1.0, 1.0, WARPS) * math.log(settings.vocal_tract)
        self._banks = torch.stack(
            [torch.from_numpy(mel_bank(math.exp(float(warp)))) for warp in warps]
        )
        frequency = torch.linspace(0.0, SAMPLE_RATE / 2, FRAME_SAMPLES // 2 + 1)
        self._octaves = torch.log2(frequency.clamp(min=20.0))

    def __call__(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, bins, frames) to changed spectra and each one's mel filters (N, MELS, bins)."""
        settings = self._settings
        count = len(power)
        gain = torch.zeros(count, power.shape[1])
        if settings.equaliser_db > 0:
            knots = (torch.rand(count, 1, EQUALISER_KNOTS) * 2.0 - 1.0) * settings.equaliser_db
            # Knots are equally far apart in octaves from 62.5 Hz to 8 kHz.
            place = (self._octaves - math.log2(62.5)) / 7.0 * 2.0 - 1.0
            grid = torch.stack([place.clamp(-1.0, 1.0), torch.zeros_like(place)], dim=-1)
            curves = functional.grid_sample(
                knots[:, :, None, :], grid.expand(count, 1, -1, -1), align_corners=True
            )
            gain = gain + curves[:, 0, 0]
        if settings.band_limit > 0:
            chosen = (torch.rand(count, 1) < settings.band_limit).float()
            low = torch.log2(torch.empty(count, 1).uniform_(*BAND_LOW_HZ))
            high = torch.log2(torch.empty(count, 1).uniform_(*BAND_HIGH_HZ))
            outside = (low - self._octaves).clamp(min=0) + (self._octaves - high).clamp(min=0)
            gain = gain - chosen * BAND_SLOPE_DB * outside
        power = power * (10.0 ** (gain / 10.0)).unsqueeze(2)
        if settings.tempo > 1.0:
            limit = math.log(settings.tempo)
            factor = math.exp(float(torch.empty(()).uniform_(-limit, limit)))
            frames = max(round(power.shape[2] / factor), 1)
            power = functional.interpolate(power, frames, mode="linear", align_corners=False)
        return power, self._banks[torch.randint(WARPS, (count,))]


def mask(features: Tensor, settings: VoiceAugmentation) -> Tensor:
    """Blank random stretches of time and bands of features (N, C, bands, frames) (Park, 2019)."""
    bands, frames = features.shape[2:]
    kept = torch.ones(len(features), 1, bands, frames)
    for _ in range(settings.time_masks):
        kept = kept * _stretch(len(features), frames, settings.time_mask_frames)[:, None, None, :]
    for _ in range(settings.band_masks):
        kept = kept * _stretch(len(features), bands, settings.band_mask_bands)[:, None, :, None]
    return features * kept


def _stretch(count: int, size: int, longest: int) -> Tensor:
    """Return float (count, size): zero inside one random stretch, one outside."""
    length = torch.rand(count, 1) * min(longest, size // 3)
    first = torch.rand(count, 1) * (size - length)
    place = torch.arange(size) + 0.5
    return 1.0 - ((place >= first) & (place < first + length)).float()


def mix(
    features: Tensor, active: Tensor, labels: Tensor, settings: VoiceAugmentation
) -> tuple[Tensor, Tensor, Tensor]:
    """Blend the batch with itself in another order, features and targets alike."""
    if settings.mixup == 0 or float(torch.rand(())) >= settings.mix_probability:
        return features, active, labels
    concentration = torch.tensor(settings.mixup)
    shares = torch.distributions.Beta(concentration, concentration).sample((len(features),))
    order = torch.randperm(len(features))
    return (
        torch.lerp(features[order], features, shares[:, None, None, None]),
        torch.lerp(active[order], active, shares[:, None]),
        torch.lerp(labels[order], labels, shares[:, None]),
    )
