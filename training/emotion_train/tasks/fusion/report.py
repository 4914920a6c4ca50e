"""What the report of a fusion run shows."""

from __future__ import annotations

import numpy as np
import torch

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality
from emotion_train.callbacks.feature_collapse import relative_deviation
from emotion_train.evaluation.classification import classification_figures
from emotion_train.report.figures import calibration_figure, confusion_figure
from emotion_train.report.page import Section, Table
from emotion_train.tasks.fusion.data import FusionDataModule
from emotion_train.tasks.fusion.module import FusionModule


@torch.no_grad()
def fusion_sections(module: FusionModule, data: FusionDataModule) -> list[Section]:
    """Return the figures of a trained module on its validation timelines."""
    module.eval()
    batches = [data.valid[positions] for positions in data.valid.batches()]
    outputs = [module(batch) for batch in batches]
    logits = torch.cat([output.logits.flatten(0, 1) for output in outputs])
    labels = torch.cat([batch.labels.flatten() for batch in batches]).numpy()
    probabilities = logits.softmax(dim=1).numpy()
    figures = classification_figures(probabilities, labels, LABELS)
    weights = np.concatenate([output.weights.flatten(0, 1).numpy() for output in outputs])
    presence = np.concatenate([batch.presence.flatten(0, 1).numpy() for batch in batches])
    joint = torch.cat([output.joint.flatten(0, 1) for output in outputs])
    summary = Table(
        ("figure", "value"),
        [
            ("accuracy", f"{figures.accuracy:.4f}"),
            ("macro F1", f"{figures.macro_f1:.4f}"),
            ("expected calibration error", f"{figures.ece:.4f}"),
            ("relative deviation of the joint features", f"{relative_deviation(joint):.4f}"),
            ("steps", str(figures.n)),
        ],
    )
    shares = Table(
        ("modality", "present in", "mean weight where present"),
        [
            (
                modality.name.lower(),
                f"{presence[:, modality].mean():.0%}",
                f"{weights[presence[:, modality] > 0, modality].mean():.3f}",
            )
            for modality in Modality
        ],
    )
    return [
        Section(
            "Validation timelines",
            [summary, shares, confusion_figure(figures.confusion, LABELS)],
        ),
        Section("Calibration", [calibration_figure(probabilities, labels)]),
    ]
