from __future__ import annotations

import logging
from pathlib import Path

import lightning
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from emotion_train.callbacks.feature_collapse import FeatureCollapse, relative_deviation
from emotion_train.callbacks.weight_average import MovingAverage

pytestmark = pytest.mark.unit


class Tiny(lightning.LightningModule):
    """An encoder, dead or alive, and a head."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 3)
        nn.init.constant_(self.encoder.weight, scale)
        self.head = nn.Linear(3, 1)

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(batch)).square().mean()

    def validation_step(self, batch: torch.Tensor) -> None:
        self.head(self.encoder(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1e-6)


def run(module: Tiny, directory: Path) -> lightning.Trainer:
    data = DataLoader(torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), batch_size=4)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        default_root_dir=directory,
        callbacks=[FeatureCollapse(module.encoder)],
    )
    trainer.fit(module, data, data)
    return trainer


def test_deviation_of_known_features() -> None:
    assert relative_deviation(torch.ones(8, 5)) == 0.0
    assert relative_deviation(torch.zeros(8, 5)) == 0.0
    alternating = torch.tensor([[1.0], [-1.0]]).repeat(4, 3)
    assert relative_deviation(alternating) == pytest.approx(1.0)
    assert relative_deviation(alternating * 1e-6) == pytest.approx(1.0)


def test_collapse_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        trainer = run(Tiny(scale=0.0), tmp_path)
    assert "collapsed in epoch 0" in caplog.text
    assert float(trainer.callback_metrics["val/feature_deviation"]) < 1e-3


def test_living_features_are_not_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    module = Tiny(scale=1.0)
    with caplog.at_level(logging.WARNING):
        trainer = run(module, tmp_path)
    assert "collapsed" not in caplog.text
    assert float(trainer.callback_metrics["val/feature_deviation"]) > 0.1
    assert not module.encoder._forward_hooks


def test_moving_average_forgets_its_start() -> None:
    average = MovingAverage(0.999)
    values, counters = [torch.tensor([5.0])], [torch.tensor([0])]
    for step in range(1, 200):
        average._update(values, [torch.tensor([1.0])], step)
        average._update(counters, [torch.tensor([step])], step)
    assert values[0].item() == pytest.approx(1.0, abs=0.01)
    assert counters[0].item() == 199
