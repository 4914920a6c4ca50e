"""Random changes of face crops, for a whole batch at once and on whatever device it lies."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from emotion_train.tasks.face.settings import FaceAugmentation

ERASED_AREA = (0.02, 0.2)
"""Smallest and largest share of a crop that erasing covers."""
ERASED_ASPECT = (0.4, 2.5)
"""Smallest and largest width divided by height of an erased rectangle."""


class FaceBatch(NamedTuple):
    """Crops and what is known about them.

    Attributes:
        crops: uint8 (N, 48, 48) from the corpus, float (N, 1, 48, 48) in [0, 1] when prepared.
        labels: float (N, 7), one-hot or mixed.
        votes: float (N, 7), the annotators' shares; zeros where there are none.
        has_votes: float (N,), 1 where votes exist, mixed like the crops.
    """

    crops: Tensor
    labels: Tensor
    votes: Tensor
    has_votes: Tensor


def prepare(batch: FaceBatch) -> FaceBatch:
    """Turn stored crops into what the network takes."""
    return batch._replace(crops=batch.crops.float().div(255.0).unsqueeze(1))


def augment(batch: FaceBatch, settings: FaceAugmentation) -> FaceBatch:
    """Change a prepared batch at random, as the settings say."""
    crops = warp(batch.crops, settings)
    if settings.erase > 0:
        crops = erase(crops, settings.erase)
    return mix(batch._replace(crops=crops), settings)


def warp(crops: Tensor, settings: FaceAugmentation) -> Tensor:
    """Rotate, shear, scale, shift and mirror each crop by its own random amount."""
    count = len(crops)
    matrix = _affine_matrices(count, settings).to(crops)
    grid = functional.affine_grid(matrix, list(crops.shape), align_corners=False)
    return functional.grid_sample(
        crops, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def _affine_matrices(count: int, settings: FaceAugmentation) -> Tensor:
    angle = _uniform(count, math.radians(settings.rotation_deg))
    shear = torch.tan(_uniform(count, math.radians(settings.shear_deg)))
    zoom = 1.0 / (1.0 + _uniform(count, settings.scale))
    mirror = 1.0 - 2.0 * (torch.rand(count) < settings.flip).float()
    cosine, sine = torch.cos(angle), torch.sin(angle)
    # The grid spans -1 to 1, so a shift by the whole side is 2.
    shift_x, shift_y = (
        _uniform(count, 2 * settings.translation),
        _uniform(count, 2 * settings.translation),
    )
    top = torch.stack([zoom * mirror * cosine, zoom * (shear * cosine - sine), shift_x], dim=1)
    bottom = torch.stack([zoom * mirror * sine, zoom * (shear * sine + cosine), shift_y], dim=1)
    return torch.stack([top, bottom], dim=1)


def _uniform(count: int, limit: float) -> Tensor:
    return (torch.rand(count) * 2.0 - 1.0) * limit


def erase(crops: Tensor, probability: float) -> Tensor:
    """Fill a random rectangle of some crops with the crop's mean."""
    count, _, height, width = crops.shape
    area = torch.empty(count).uniform_(*ERASED_AREA) * height * width
    aspect = torch.empty(count).uniform_(*(math.log(limit) for limit in ERASED_ASPECT)).exp()
    chosen = torch.rand(count) < probability
    box_width = (area * aspect).sqrt().clamp(max=width) * chosen
    box_height = (area / aspect).sqrt().clamp(max=height) * chosen
    mask = _rectangles(box_width, box_height, height, width).to(crops.device)
    return torch.where(mask, crops.mean(dim=(2, 3), keepdim=True), crops)


def mix(batch: FaceBatch, settings: FaceAugmentation) -> FaceBatch:
    """Blend the batch with itself in another order: mixup or cutmix."""
    methods = [name for name in ("mixup", "cutmix") if getattr(settings, name) > 0]
    if not methods or float(torch.rand(())) >= settings.mix_probability:
        return batch
    method = methods[int(torch.randint(len(methods), ()))]
    concentration = torch.tensor(float(getattr(settings, method)))
    share = float(torch.distributions.Beta(concentration, concentration).sample())
    order = torch.randperm(len(batch.crops))
    other = FaceBatch(*(part[order] for part in batch))
    if method == "mixup":
        crops = torch.lerp(other.crops, batch.crops, share)
    else:
        _, _, height, width = batch.crops.shape
        side = math.sqrt(1.0 - share)
        mask = _rectangles(
            torch.tensor([side * width]), torch.tensor([side * height]), height, width
        )
        share = 1.0 - float(mask.float().mean())
        crops = torch.where(mask.to(batch.crops.device), other.crops, batch.crops)
    targets = (
        torch.lerp(second, first, share) for first, second in zip(batch[1:], other[1:], strict=True)
    )
    return FaceBatch(crops, *targets)


def _rectangles(box_width: Tensor, box_height: Tensor, height: int, width: int) -> Tensor:
    """Return masks, bool (N, 1, H, W), of rectangles of given size at random places inside."""
    left = torch.rand(len(box_width)) * (width - box_width)
    top = torch.rand(len(box_height)) * (height - box_height)
    x = torch.arange(width)[None, :] + 0.5
    y = torch.arange(height)[None, :] + 0.5
    columns = (x >= left[:, None]) & (x < (left + box_width)[:, None])
    rows = (y >= top[:, None]) & (y < (top + box_height)[:, None])
    return (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)
