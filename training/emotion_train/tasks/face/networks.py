"""The face networks that an experiment can name."""

from __future__ import annotations

from emotion_core.nets.expression import ExpressionNet
from torch import nn

from emotion_train.tasks.face.settings import ExpressionNetSettings


def make_network(settings: ExpressionNetSettings) -> nn.Module:
    """Return a freshly initialised network that takes float crops (N, 1, 48, 48) in [0, 1]."""
    return ExpressionNet(
        settings.widths,
        settings.depths,
        squeeze=settings.squeeze,
        drop_path=settings.drop_path,
        dropout=settings.dropout,
    )
