from __future__ import annotations

import pytest
import torch

from emotion_train.tasks.face.losses import LOSSES, cross_entropy, dice

pytestmark = pytest.mark.unit

TARGETS = torch.nn.functional.one_hot(torch.arange(14) % 7, 7).float()


@pytest.mark.parametrize("name", LOSSES)
def test_right_answers_cost_less_than_wrong_ones(name: str) -> None:
    loss = LOSSES[name]
    right, wrong = TARGETS * 12, TARGETS.roll(1, dims=1) * 12
    assert loss(right, TARGETS) < loss(torch.zeros(14, 7), TARGETS) < loss(wrong, TARGETS)
    assert loss(right, TARGETS) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_leads_to_the_answer(name: str) -> None:
    logits = torch.zeros(14, 7, requires_grad=True)
    LOSSES[name](logits, TARGETS).backward()
    assert logits.grad is not None
    assert (logits.grad.argmin(dim=1) == TARGETS.argmax(dim=1)).all()


def test_cross_entropy_is_torchs() -> None:
    logits = torch.randn(14, 7, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.cross_entropy(logits, TARGETS)
    torch.testing.assert_close(cross_entropy(logits, TARGETS), expected)


def test_dice_lies_between_zero_and_one() -> None:
    assert 0.0 <= dice(TARGETS.roll(1, dims=1) * 50, TARGETS) <= 1.0
