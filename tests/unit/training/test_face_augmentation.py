from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_train.tasks.face.augmentation import FaceBatch, augment, erase, mix, prepare, warp
from emotion_train.tasks.face.settings import FaceAugmentation

pytestmark = pytest.mark.unit


def make_batch(count: int = 16) -> FaceBatch:
    generator = torch.Generator().manual_seed(0)
    crops = torch.randint(0, 256, (count, 48, 48), generator=generator).to(torch.uint8)
    labels = torch.nn.functional.one_hot(torch.arange(count) % 7, 7).float()
    has_votes = (torch.arange(count) % 2).float()
    return prepare(FaceBatch(crops, labels, labels * has_votes[:, None], has_votes))


def test_prepare_scales_to_one() -> None:
    batch = make_batch()
    assert batch.crops.shape == (16, 1, 48, 48)
    assert 0.0 <= batch.crops.min() < 0.01
    assert 0.99 < batch.crops.max() <= 1.0


def test_no_settings_change_nothing() -> None:
    batch = make_batch()
    changed = augment(batch, FaceAugmentation())
    torch.testing.assert_close(changed.crops, batch.crops, atol=1e-5, rtol=0)
    assert torch.equal(changed.labels, batch.labels)


def test_flip_mirrors() -> None:
    crops = make_batch().crops
    torch.testing.assert_close(
        warp(crops, FaceAugmentation(flip=1.0)), crops.flip(3), atol=1e-5, rtol=0
    )


def test_translation_stays_within_its_share() -> None:
    torch.manual_seed(0)
    crops = torch.zeros(200, 1, 48, 48)
    crops[:, :, 23:25, 23:25] = 1.0
    moved = warp(crops, FaceAugmentation(translation=0.1))
    weight = moved.sum(dim=(1, 2, 3))
    axis = torch.arange(48) - 23.5
    offsets = torch.stack(
        [(moved.sum(dim=(1, dim)) * axis).sum(dim=1) / weight for dim in (2, 3)]
    ).abs()
    assert offsets.max() <= 0.1 * 48 + 0.1
    assert offsets.max() > 0.08 * 48


def test_scale_stays_within_its_range() -> None:
    torch.manual_seed(0)
    crops = torch.zeros(200, 1, 48, 48)
    crops[:, :, 12:36, 12:36] = 1.0
    sides = warp(crops, FaceAugmentation(scale=0.2)).sum(dim=(1, 2, 3)).sqrt() / 24
    assert 0.78 < sides.min() < 0.85
    assert 1.15 < sides.max() < 1.22


def test_rotation_stays_within_its_angle() -> None:
    torch.manual_seed(0)
    crops = torch.zeros(200, 1, 48, 48)
    crops[:, :, 23:25, 34:44] = 1.0
    turned = warp(crops, FaceAugmentation(rotation_deg=20))
    axis = torch.arange(48) - 23.5
    weight = turned.sum(dim=(1, 2, 3))
    x = (turned.sum(dim=(1, 2)) * axis).sum(dim=1) / weight
    y = (turned.sum(dim=(1, 3)) * axis).sum(dim=1) / weight
    angles = torch.atan2(y, x).abs().mul(180 / math.pi)
    assert 17 < angles.max() < 21


def test_erase_covers_a_bounded_rectangle_with_the_mean() -> None:
    torch.manual_seed(0)
    crops = make_batch(64).crops
    changed = erase(crops, 1.0)
    for before, after in zip(crops, changed, strict=True):
        erased = (after != before)[0]
        assert 0.01 < erased.float().mean() < 0.25
        assert torch.allclose(after[0][erased], before.mean())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    mixup=st.sampled_from([0.0, 0.2, 1.0]),
    cutmix=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_mixed_targets_stay_distributions(seed: int, mixup: float, cutmix: float) -> None:
    torch.manual_seed(seed)
    mixed = mix(make_batch(), FaceAugmentation(mixup=mixup, cutmix=cutmix))
    torch.testing.assert_close(mixed.labels.sum(dim=1), torch.ones(16))
    torch.testing.assert_close(mixed.votes.sum(dim=1), mixed.has_votes)
    assert mixed.crops.min() >= 0
    assert mixed.crops.max() <= 1


def test_cutmix_share_is_the_area() -> None:
    torch.manual_seed(1)
    batch = make_batch(2)
    batch = batch._replace(
        crops=torch.stack([torch.zeros(1, 48, 48), torch.ones(1, 48, 48)]),
        labels=torch.eye(7)[:2],
    )
    for _ in range(20):
        mixed = mix(batch, FaceAugmentation(cutmix=1.0))
        torch.testing.assert_close(mixed.labels[:, 1], mixed.crops.mean(dim=(1, 2, 3)))
