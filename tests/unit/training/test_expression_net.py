from __future__ import annotations

import pytest
import torch

from emotion_core.nets.expression import ExpressionNet, StandardiseCrops

pytestmark = pytest.mark.unit


def test_shapes_and_ranges() -> None:
    network = ExpressionNet((8, 16, 24), (1, 2, 1)).eval()
    output = network(torch.rand(5, 1, 48, 48))
    assert output.label_logits.shape == (5, 7)
    assert output.vote_logits is not None
    assert output.vote_logits.shape == (5, 7)
    assert output.embedding is not None
    assert output.embedding.shape == (5, network.embedding_size)
    assert output.valence_arousal is not None
    assert output.valence_arousal.shape == (5, 2)
    assert output.valence_arousal.abs().max() <= 1


def test_exposure_and_contrast_do_not_matter() -> None:
    torch.manual_seed(0)
    network = ExpressionNet((8, 16), (1, 1)).eval()
    crops = torch.rand(3, 1, 48, 48) * 0.8
    torch.testing.assert_close(
        network(crops).label_logits, network(crops * 0.5 + 0.3).label_logits, atol=1e-4, rtol=1e-3
    )


def test_flat_crop_is_harmless() -> None:
    standardised = StandardiseCrops()(torch.full((1, 1, 48, 48), 0.5))
    assert torch.equal(standardised, torch.zeros_like(standardised))


def test_the_default_is_compact() -> None:
    parameters = sum(parameter.numel() for parameter in ExpressionNet().parameters())
    assert parameters <= 5_000_000


@pytest.mark.parametrize(("widths", "depths"), [((8, 16), (1,)), ((), ())])
def test_stages_need_width_and_depth(widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="width and a depth"):
        ExpressionNet(widths, depths)
