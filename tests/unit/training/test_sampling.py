from __future__ import annotations

import pytest
import torch

from emotion_train.sampling import BatchSampler, balanced_weights

pytestmark = pytest.mark.unit


def epoch(sampler: BatchSampler, number: int) -> list[list[int]]:
    sampler.set_epoch(number)
    return [batch.tolist() for batch in sampler]


def test_each_sample_once_but_for_the_incomplete_batch() -> None:
    batches = epoch(BatchSampler(23, 5, seed=1), 0)
    assert [len(batch) for batch in batches] == [5] * 4
    positions = [position for batch in batches for position in batch]
    assert len(set(positions)) == 20


def test_order_depends_on_seed_and_epoch_only() -> None:
    first, second = BatchSampler(40, 8, seed=1), BatchSampler(40, 8, seed=1)
    epoch(second, 7)
    assert epoch(first, 2) == epoch(second, 2)
    assert epoch(first, 2) != epoch(first, 3)
    assert epoch(first, 2) != epoch(BatchSampler(40, 8, seed=2), 2)


def test_processes_share_every_batch() -> None:
    whole = epoch(BatchSampler(40, 8, seed=1), 1)
    parts = [epoch(BatchSampler(40, 8, seed=1, rank=rank, world_size=2), 1) for rank in (0, 1)]
    assert [left + right for left, right in zip(*parts, strict=True)] == whole


def test_balanced_weights_make_classes_equally_likely() -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    weights = balanced_weights(labels)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum().item())
    sampler = BatchSampler(100, 100, seed=0, weights=weights)
    drawn = labels[torch.tensor(epoch(sampler, 0)[0])]
    assert 30 < int(drawn.sum()) < 70


def test_impossible_batches() -> None:
    with pytest.raises(ValueError, match="no multiple of 2"):
        BatchSampler(40, 7, seed=0, world_size=2)
    with pytest.raises(ValueError, match="do not fill"):
        BatchSampler(3, 4, seed=0)
