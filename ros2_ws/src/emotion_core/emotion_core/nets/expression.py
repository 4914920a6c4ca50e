"""Our face network: a compact residual CNN with heads for emotion, annotators' votes and affect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation, StochasticDepth

from emotion_core.affect import LABELS

CROP_SIDE = 48
"""Height and width of a face crop in pixels, as in FER2013."""


class FaceOutput(NamedTuple):
    """What a face network says about N crops.

    Attributes:
        label_logits: (N, 7), the corpus's own label, in the order of `affect.LABELS`.
        vote_logits: (N, 7), the distribution of several annotators' votes, or None.
        valence_arousal: (N, 2) in [-1, 1], or None.
        embedding: (N, D), the features under the heads, or None.
    """

    label_logits: Tensor
    vote_logits: Tensor | None = None
    valence_arousal: Tensor | None = None
    embedding: Tensor | None = None


class StandardiseCrops(nn.Module):
    """Bring every crop to zero mean and unit deviation, so that exposure and contrast drop out.

    Args:
        floor: smallest deviation divided by (pixel range 0 to 1); a flat crop becomes zeros.
    """

    def __init__(self, floor: float = 0.02) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, crops: Tensor) -> Tensor:
        """Map (N, 1, H, W) in [0, 1] to the same shape."""
        centred = crops - crops.mean(dim=(2, 3), keepdim=True)
        deviation = (centred * centred).mean(dim=(2, 3), keepdim=True).sqrt()
        return centred / deviation.clamp(min=self.floor)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with squeeze-and-excitation beside a shortcut (He 2016, Hu 2018).

    A change of width or resolution puts average pooling and a 1×1 convolution into the shortcut
    (ResNet-D, He 2019).

    Args:
        inputs: channels in.
        outputs: channels out.
        stride: 1, or 2 to halve the resolution.
        squeeze: channels are divided by this inside squeeze-and-excitation.
        drop_path: probability that a sample skips the residual branch in training.
    """

    def __init__(
        self, inputs: int, outputs: int, *, stride: int, squeeze: int, drop_path: float
    ) -> None:
        super().__init__()
        final_norm = nn.BatchNorm2d(outputs)
        # The block starts as its shortcut, which lets deep stacks learn from the first step.
        nn.init.zeros_(final_norm.weight)
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            final_norm,
            SqueezeExcitation(outputs, max(outputs // squeeze, 8)),
            StochasticDepth(drop_path, "row"),
        )
        shortcut: list[nn.Module] = []
        if stride > 1:
            shortcut.append(nn.AvgPool2d(stride))
        if stride > 1 or inputs != outputs:
            shortcut += [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*shortcut)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        result: Tensor = self.activation(self.residual(features) + self.shortcut(features))
        return result


class ExpressionNet(nn.Module):
    """Crops to expression.

    The stem folds 2×2 pixels into channels, which keeps every pixel at a quarter of the cost of a
    full-resolution stem. Weights start with Kaiming's initialisation, residual branches at zero.

    Args:
        widths: channels of each stage; the resolution halves from stage to stage, 24×24 first.
        depths: residual blocks of each stage.
        squeeze: see `ResidualBlock`.
        drop_path: of the last block; it grows linearly from zero at the first.
        dropout: before the heads.

    Raises:
        ValueError: if widths and depths differ in length.
    """

    def __init__(
        self,
        widths: Sequence[int] = (48, 96, 192, 256),
        depths: Sequence[int] = (1, 2, 2, 1),
        *,
        squeeze: int = 8,
        drop_path: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or not widths:
            raise ValueError(f"each stage needs a width and a depth, got {widths} and {depths}")
        self.standardise = StandardiseCrops()
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4, widths[0], 3, 1, 1, bias=False),
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
        self.dropout = nn.Dropout(dropout)
        self.label_head = nn.Linear(inputs, len(LABELS))
        self.vote_head = nn.Linear(inputs, len(LABELS))
        self.affect_head = nn.Linear(inputs, 2)
        self.embedding_size = inputs
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, crops: Tensor) -> FaceOutput:
        """Score crops, float (N, 1, 48, 48) in [0, 1]."""
        features = self.blocks(self.stem(self.standardise(crops)))
        embedding = features.mean(dim=(2, 3))
        kept = self.dropout(embedding)
        return FaceOutput(
            label_logits=self.label_head(kept),
            vote_logits=self.vote_head(kept),
            valence_arousal=torch.tanh(self.affect_head(kept)),
            embedding=embedding,
        )
