"""What the report of a run on clips shows."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from emotion_train.report.page import Section, Table
from emotion_train.tasks.affect_video.data import AffectVideoDataModule, ClipDataset
from emotion_train.tasks.affect_video.module import AffectVideoModule


def affect_video_sections(module: AffectVideoModule, data: AffectVideoDataModule) -> list[Section]:
    """Return true and predicted values of the validation clips and the error on all splits."""
    parts = {"train": data.train, "validation": data.valid, "test": data.test}
    rows = []
    for name, dataset in parts.items():
        values, predicted = _values(module, dataset)
        rows.append((name, f"{(values - predicted).square().mean():.4f}", str(len(dataset))))
    values, predicted = _values(module, data.valid)
    figure = Figure(figsize=(11, 5))
    grid = figure.subplots(2, 4, sharey=True).ravel()
    for axes, wanted, found in zip(grid, values, predicted, strict=False):
        axes.plot(wanted, label="label")
        axes.plot(found, label="network")
        axes.set_ylim(-1, 1)
    grid[0].legend(fontsize=8)
    return [
        Section("Squared error", [Table(("split", "mean squared error", "videos"), rows)]),
        Section(f"Validation: {module.experiment.target} of ten frames", [figure]),
    ]


def _values(module: AffectVideoModule, dataset: ClipDataset) -> tuple[torch.Tensor, torch.Tensor]:
    batches = [dataset[torch.tensor([position])] for position in range(len(dataset))]
    predicted = torch.cat([module.predict_values(batch.frames) for batch in batches])
    return torch.cat([batch.values for batch in batches]), predicted
