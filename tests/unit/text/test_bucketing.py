from __future__ import annotations

import pytest
import torch

from emotion_train.tasks.text.bucketing import BucketSampler

pytestmark = pytest.mark.unit

LENGTHS = torch.arange(1003) % 97


def test_every_sentence_comes_once_in_batches_of_like_length() -> None:
    sampler = BucketSampler(LENGTHS, 10, seed=1)
    batches = list(sampler)
    assert len(batches) == len(sampler) == 100
    assert len(torch.cat(batches).unique()) == 1000
    spread = torch.stack([LENGTHS[batch].max() - LENGTHS[batch].min() for batch in batches])
    assert spread.float().mean() < 5
    firsts = [int(LENGTHS[batch].min()) for batch in batches]
    assert firsts != sorted(firsts)


def test_same_seed_and_epoch_same_order() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        sampler = BucketSampler(LENGTHS, 10, seed=seed)
        sampler.set_epoch(epoch)
        return torch.cat(list(sampler)).tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_processes_share_every_batch() -> None:
    whole = list(BucketSampler(LENGTHS, 10, seed=4))
    halves = [list(BucketSampler(LENGTHS, 10, seed=4, rank=rank, world_size=2)) for rank in (0, 1)]
    for batch, first, second in zip(whole, *halves, strict=True):
        assert torch.equal(batch, torch.cat([first, second]))


def test_impossible_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="no multiple of 2 processes"):
        BucketSampler(LENGTHS, 5, seed=0, world_size=2)
    with pytest.raises(ValueError, match="do not fill one batch"):
        BucketSampler(LENGTHS[:3], 5, seed=0)
