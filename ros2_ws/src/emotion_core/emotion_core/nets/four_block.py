"""The four-block CNN of a hyperparameter study on FER2013.

Source: P. Onghena and N. Belo, "Deep Learning: Computer Vision", Maastricht University.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from emotion_core.nets.expression import CROP_SIDE
from emotion_core.nets.six_conv import dense_classifier

BEST_FILTERS = (64, 128, 1028, 512)
"""The filters the study found best; 1028 is its own figure."""
SECOND_FILTERS = (64, 256, 256, 512)
DENSE = (256, 512)
"""Widths of the two dense blocks, which the study does not state."""


class FourBlockNet(nn.Module):
    """Four blocks of 3×3 convolution, batch normalisation, ReLU, pooling and dropout; then dense.

    Args:
        filters: of the four blocks.
        dropout: after each block and each dense layer.
        dense: widths of the dense blocks.

    Raises:
        ValueError: if there are not four filters.
    """

    def __init__(
        self,
        filters: Sequence[int] = BEST_FILTERS,
        dropout: float = 0.25,
        dense: Sequence[int] = DENSE,
    ) -> None:
        super().__init__()
        if len(filters) != len(BEST_FILTERS):
            raise ValueError(f"the network has four blocks, got the filters {tuple(filters)}")
        layers: list[nn.Module] = []
        channels = 1
        for width in filters:
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            channels = width
        self.features = nn.Sequential(*layers)
        side = CROP_SIDE // 2 ** len(filters)
        self.classifier = dense_classifier(channels * side**2, dense, dropout)

    def forward(self, crops: Tensor) -> Tensor:
        """Map (N, 1, 48, 48) to logits (N, 7)."""
        logits: Tensor = self.classifier(self.features(crops))
        return logits
