from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from emotion_train.explain.grad_cam import grad_cam, overlay

pytestmark = pytest.mark.unit


class QuadrantNet(nn.Module):
    """Class 0 is the brightness of the left half, class 1 that of the right."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 1, bias=False)
        nn.init.ones_(self.layer.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.layer(images)
        half = images.shape[3] // 2
        left, right = features[:, 0, :, :half].mean((1, 2)), features[:, 1, :, half:].mean((1, 2))
        return torch.stack([left, right], dim=1)


def test_map_lies_where_the_class_is_seen() -> None:
    network = QuadrantNet()
    images = torch.zeros(2, 1, 8, 8)
    images[0, :, :, 1] = 1.0
    images[1, :, :, 6] = 1.0
    heat = grad_cam(network, network.layer, images, torch.tensor([0, 1]))
    assert heat.shape == (2, 8, 8)
    assert heat[0].argmax() % 8 == 1
    assert heat[1].argmax() % 8 == 6
    assert heat.min() >= 0
    assert heat.max() == 1


def test_nothing_is_left_behind() -> None:
    network = QuadrantNet()
    with torch.no_grad():
        grad_cam(network, network.layer, torch.rand(1, 1, 8, 8), torch.tensor([0]))
    assert not network.layer._forward_hooks
    assert network.layer.weight.grad is None


def test_overlay_reddens_the_heat() -> None:
    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 1.0
    picture = overlay(np.full((4, 4), 128, np.uint8), heat)
    assert picture.shape == (4, 4, 3)
    blue, _, red = picture[0, 0].astype(int)
    assert red > blue
    blue, _, red = picture[3, 3].astype(int)
    assert blue > red
