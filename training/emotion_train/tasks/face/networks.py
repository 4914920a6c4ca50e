"""The face networks that an experiment can name."""

from __future__ import annotations

from torch import nn

from emotion_core.nets.expression import ExpressionNet
from emotion_core.nets.four_block import FourBlockNet
from emotion_core.nets.residual_cnn import ResidualCnn
from emotion_core.nets.six_conv import SixConvNet
from emotion_train.tasks.face.settings import (
    ExpressionNetSettings,
    FaceNetwork,
    FourBlockSettings,
    SixConvSettings,
)


def make_network(settings: FaceNetwork) -> nn.Module:
    """Return a freshly initialised network that takes float crops (N, 1, 48, 48) in [0, 1]."""
    if isinstance(settings, ExpressionNetSettings):
        return ExpressionNet(
            settings.widths,
            settings.depths,
            squeeze=settings.squeeze,
            drop_path=settings.drop_path,
            dropout=settings.dropout,
        )
    if isinstance(settings, SixConvSettings):
        return SixConvNet(settings.dropout)
    if isinstance(settings, FourBlockSettings):
        return FourBlockNet(settings.filters, settings.dropout, settings.dense)
    return ResidualCnn(settings.dropout)
