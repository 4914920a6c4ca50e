"""Optimisers and learning-rate schedules from settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn

from emotion_train.experiment import OneCycle, OptimizerSettings, ReduceOnPlateau


def configure_optimization(
    module: nn.Module,
    settings: OptimizerSettings,
    total_steps: int,
    rate: Callable[[str], float] = lambda _: 1.0,
) -> OptimizerLRScheduler:
    """Return what Lightning's ``configure_optimizers`` returns.

    Args:
        module: whose parameters are trained; frozen ones are left out.
        settings: optimiser and schedule.
        total_steps: optimiser steps of the whole run.
        rate: factor of the learning rate of a parameter by its name.
    """
    optimizer = _make_optimizer(_parameter_groups(module, settings, rate), settings)
    schedule = settings.schedule
    if isinstance(schedule, OneCycle):
        # torch divides by the length of the rise less one step.
        warm_up = min(1.0, max(schedule.warm_up, 2.0 / total_steps))
        one_cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=total_steps,
            pct_start=warm_up,
            cycle_momentum=False,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": one_cycle, "interval": "step"},
        }
    if isinstance(schedule, ReduceOnPlateau):
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=schedule.factor, patience=schedule.patience
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": plateau, "interval": "epoch", "monitor": "val/loss"},
        }
    return {"optimizer": optimizer}


def _parameter_groups(
    module: nn.Module, settings: OptimizerSettings, rate: Callable[[str], float]
) -> list[dict[str, Any]]:
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            # One-dimensional ones are biases and normalisation: decay would shrink their scale.
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate(name), decay), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr": settings.learning_rate * factor}
        for (factor, decay), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]


def _make_optimizer(
    groups: list[dict[str, Any]], settings: OptimizerSettings
) -> torch.optim.Optimizer:
    rate = settings.learning_rate
    if settings.name == "sgd":
        return torch.optim.SGD(
            groups,
            lr=rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov and settings.momentum > 0,
        )
    if settings.name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, momentum=settings.momentum)
    if settings.name == "adam":
        return torch.optim.Adam(groups, lr=rate)
    return torch.optim.AdamW(groups, lr=rate)
