"""The residual CNN of a study on data augmentation for FER2013.

Source: V. Dykun, "Facial Emotion Recognition with Data Augmentation", Technological University of
the Shannon; the layout is that of its appendix.
"""

from __future__ import annotations

from torch import Tensor, nn

from emotion_core.affect import LABELS

STAGES = ((32, 2), (64, 3), (128, 4))
"""Channels and residual blocks of each stage."""
HIDDEN = 2048
NEGATIVE_SLOPE = 0.01


class LeakyResidualBlock(nn.Module):
    """Two bias-free 3×3 convolutions; a change of width convolves the shortcut 3×3, too."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
            )
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.activation = nn.LeakyReLU(NEGATIVE_SLOPE)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        result: Tensor = self.activation(self.residual(features) + self.shortcut(features))
        return result


class ResidualCnn(nn.Module):
    """A 16-channel convolution and residual stages of 32, 64 and 128, each followed by pooling.

    3,817,079 parameters. Kaiming initialisation.

    Args:
        dropout: of whole channels after the last stage, and after the hidden layer.
    """

    def __init__(self, dropout: float = 0.25) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.MaxPool2d(2),
        ]
        channels = 16
        for width, blocks in STAGES:
            for _ in range(blocks):
                layers.append(LeakyResidualBlock(channels, width))
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.Dropout2d(dropout))
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * 9, HIDDEN),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN, len(LABELS)),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, a=NEGATIVE_SLOPE, nonlinearity="leaky_relu")

    def forward(self, crops: Tensor) -> Tensor:
        """Map (N, 1, 48, 48) to logits (N, 7)."""
        logits: Tensor = self.classifier(self.features(crops))
        return logits
