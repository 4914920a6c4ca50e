"""The CNN-GRU of a course project on valence and arousal in videos.

Source: J. Ng, Y. Zhou, J. R. L. Tan and P. Nair, project of the course 50.039, Singapore University
of Technology and Design.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

CROP_SIDE = 224
"""Height and width of a colour face crop in pixels."""


class CnnGru(nn.Module):
    """A LeNet-style CNN on each frame and a GRU cell over the frames, with one output for each.

    One such network is trained for valence and another for arousal.

    Args:
        features: size of a frame's description.
        hidden_size: size of the GRU's state.
    """

    def __init__(self, features: int = 128, hidden_size: int = 64) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *_block(3, 16),
            *_block(16, 32),
            *_block(32, 64),
            nn.Flatten(),
        )
        self.features = nn.Linear(64 * (CROP_SIDE // 8) ** 2, features)
        self.cell = nn.GRUCell(features, hidden_size)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Map frames (N, T, 3, 224, 224) to one value for each frame, (N, T)."""
        count, steps = frames.shape[:2]
        described = self.features(self.convolutions(frames.flatten(0, 1)))
        state = described.new_zeros(count, self.cell.hidden_size)
        values = []
        for description in described.view(count, steps, -1).unbind(1):
            state = self.cell(description, state)
            values.append(self.output(state))
        return torch.cat(values, dim=1)


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
