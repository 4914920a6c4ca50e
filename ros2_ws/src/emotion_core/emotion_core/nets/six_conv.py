"""The six-convolution CNN of a capstone study on FER2013.

Source: S. Hameed, "Leveraging Deep Learning for Emotion Recognition & Detection".
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from emotion_core.affect import LABELS

BLOCKS = ((64, 3), (128, 5), (512, 3), (512, 3), (512, 3))
"""Channels and kernel of the blocks after the first convolution; each halves the resolution."""
DENSE = (256, 512)


class SixConvNet(nn.Module):
    """Six convolutions, seven batch normalisations, five poolings, seven dropouts, three layers.

    5,810,183 values with the statistics of batch normalisation, 5,805,191 of them trainable.

    Args:
        dropout: after each block and each dense layer.
    """

    def __init__(self, dropout: float = 0.25) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(inplace=True)]
        channels = 32
        for width, kernel in BLOCKS:
            layers += [
                nn.Conv2d(channels, width, kernel, padding=kernel // 2),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = dense_classifier(channels, DENSE, dropout)

    def forward(self, crops: Tensor) -> Tensor:
        """Map (N, 1, 48, 48) to logits (N, 7)."""
        logits: Tensor = self.classifier(self.features(crops))
        return logits


def dense_classifier(inputs: int, widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Return dense blocks (linear, batch normalisation, ReLU, dropout) and a last layer of logits.

    Args:
        inputs: flattened features.
        widths: of the blocks.
        dropout: after each block.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for width in widths:
        layers += [
            nn.Linear(inputs, width),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
        ]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, len(LABELS)))
