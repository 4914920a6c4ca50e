"""Our voice network: a waveform in, heads for emotion and affect over a compact residual CNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_core.audio.features import (
    ACTIVE_DECIBEL,
    HOP_SAMPLES,
    MELS,
    fourier_basis,
    mel_bank,
)
from emotion_core.nets.expression import ResidualBlock

EMBEDDING_SIZE = 128
FLOOR_DECIBEL = 70.0
"""Whatever is further below the loudest point of a window counts as that far below."""
STEM_STRIDE = (2, 4)
"""In bands and frames: emotion changes slowly, and 40 ms still follow the pitch."""
SMALLEST_POWER = 1e-10
"""Added to the power of every band; digital silence becomes this."""
SPREAD_DECIBEL = (20.0, 10.0)
"""By which the two normalisations of the features are divided, about their deviations."""


class VoiceOutput(NamedTuple):
    """What the voice network says about N windows.

    Attributes:
        logits: (N, 7), in the order of `affect.LABELS`.
        valence_arousal: (N, 2) in [-1, 1].
        embedding: (N, EMBEDDING_SIZE), the features under the heads.
    """

    logits: Tensor
    valence_arousal: Tensor
    embedding: Tensor


class PowerSpectrum(nn.Module):
    """Short-time power spectrum by a product with the Fourier basis, which every runtime has."""

    def __init__(self) -> None:
        super().__init__()
        self.basis: Tensor
        basis = torch.from_numpy(fourier_basis()).unsqueeze(1)
        self.register_buffer("basis", basis, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Map (N, samples) to (N, bins, frames); frames are not padded at the ends."""
        spectrum = functional.conv1d(waveforms.unsqueeze(1), self.basis, stride=HOP_SAMPLES)
        real, imaginary = spectrum.chunk(2, dim=1)
        return real * real + imaginary * imaginary


class VoiceFeatures(nn.Module):
    """Power spectrum to normalised log-mels that do not depend on the level.

    Statistics are taken over the active frames of the window alone, so pauses, and zeros that fill
    up a window, do not change what the speech looks like. The first channel keeps the shape of the
    spectrum, the second one is free of it, and with it of microphone and room.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bank: Tensor
        self.register_buffer("bank", torch.from_numpy(mel_bank()), persistent=False)

    def forward(self, power: Tensor, bank: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return features (N, 2, MELS, frames) and which frames are active, float (N, frames).

        Args:
            power: (N, bins, frames).
            bank: (MELS, bins) or (N, MELS, bins) instead of the plain mel filters.
        """
        mels = torch.matmul(self.bank if bank is None else bank, power)
        decibel = 10.0 * torch.log10(mels + SMALLEST_POWER)
        decibel = torch.maximum(decibel, decibel.amax(dim=(1, 2), keepdim=True) - FLOOR_DECIBEL)
        loudness = 10.0 * torch.log10(mels.sum(dim=1) + SMALLEST_POWER)
        quietest = loudness.amax(dim=1, keepdim=True) - ACTIVE_DECIBEL
        active = (loudness >= quietest).to(decibel.dtype)
        weights = (active / active.sum(dim=1, keepdim=True)).unsqueeze(1)
        band_means = (decibel * weights).sum(dim=2, keepdim=True)
        level = band_means.mean(dim=1, keepdim=True)
        return torch.stack(
            [(decibel - level) / SPREAD_DECIBEL[0], (decibel - band_means) / SPREAD_DECIBEL[1]],
            dim=1,
        ), active


class AttentiveStatistics(nn.Module):
    """Weighted mean and deviation over time, the weights learnt (Okabe et al., 2018).

    Args:
        channels: of the features.
        hidden: width of the attention.
    """

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            nn.Conv1d(channels, hidden, 1), nn.Tanh(), nn.Conv1d(hidden, channels, 1)
        )

    def forward(self, features: Tensor, active: Tensor) -> Tensor:
        """Map (N, C, T) with shares of active frames (N, T) to (N, 2 C)."""
        scores = self.attention(features) + torch.log(active + 1e-3).unsqueeze(1)
        weights = scores.softmax(dim=2)
        mean = (features * weights).sum(dim=2)
        variance = (features * features * weights).sum(dim=2) - mean * mean
        return torch.cat([mean, variance.clamp(min=1e-5).sqrt()], dim=1)


class VocalNet(nn.Module):
    """Windows of a voice to emotion.

    Weights start with Kaiming's initialisation, residual branches at zero.

    Args:
        widths: channels of each stage; bands and frames halve from stage to stage, 32 bands and 25
            frames per second first.
        depths: residual blocks of each stage.
        squeeze: see `ResidualBlock`.
        drop_path: of the last block; it grows linearly from zero at the first.
        dropout: before embedding and heads.

    Raises:
        ValueError: if widths and depths differ in length.
    """

    def __init__(
        self,
        widths: Sequence[int] = (24, 48, 96, 128),
        depths: Sequence[int] = (1, 1, 1, 1),
        *,
        squeeze: int = 8,
        drop_path: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or not widths:
            raise ValueError(f"each stage needs a width and a depth, got {widths} and {depths}")
        self.spectrum = PowerSpectrum()
        self.features = VoiceFeatures()
        self.stem = nn.Sequential(
            nn.Conv2d(2, widths[0], (5, 7), STEM_STRIDE, (2, 3), bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        blocks: list[nn.Module] = []
        last = max(sum(depths) - 1, 1)
        inputs = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for position in range(depth):
                blocks.append(
                    ResidualBlock(
                        inputs,
                        width,
                        stride=2 if stage > 0 and position == 0 else 1,
                        squeeze=squeeze,
                        drop_path=drop_path * len(blocks) / last,
                    )
                )
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        halvings = 2 ** (len(widths) - 1)
        self.stride = STEM_STRIDE[1] * halvings
        channels = inputs * (MELS // (STEM_STRIDE[0] * halvings))
        self.pooling = AttentiveStatistics(channels)
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Sequential(
            nn.BatchNorm1d(2 * channels),
            nn.Dropout(dropout),
            nn.Linear(2 * channels, EMBEDDING_SIZE, bias=False),
            nn.BatchNorm1d(EMBEDDING_SIZE),
            nn.ReLU(inplace=True),
        )
        self.label_head = nn.Linear(EMBEDDING_SIZE, len(LABELS))
        self.affect_head = nn.Linear(EMBEDDING_SIZE, 2)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, waveforms: Tensor) -> VoiceOutput:
        """Score windows, float (N, samples) at any level."""
        return self.score(*self.features(self.spectrum(waveforms)))

    def score(self, features: Tensor, active: Tensor) -> VoiceOutput:
        """Score what `VoiceFeatures` returns."""
        # Frames that do not fill a step of the last stage are left out, as one rule for all stages.
        frames = features.shape[-1] // self.stride * self.stride
        maps = self.blocks(self.stem(features[..., :frames]))
        shares = functional.avg_pool1d(active[:, None, :frames], self.stride).squeeze(1)
        embedding = self.embed(self.pooling(maps.flatten(1, 2), shares))
        kept = self.dropout(embedding)
        return VoiceOutput(
            logits=self.label_head(kept),
            valence_arousal=torch.tanh(self.affect_head(kept)),
            embedding=embedding,
        )
