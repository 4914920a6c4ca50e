"""What the report of a voice run shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from emotion_core.affect import LABELS
from emotion_train.evaluation.classification import classification_figures
from emotion_train.report.figures import calibration_figure, confusion_figure
from emotion_train.report.page import Section, Table
from emotion_train.tasks.voice.data import VoiceDataModule, VoiceDataset
from emotion_train.tasks.voice.module import VoiceModule


def voice_sections(module: VoiceModule, data: VoiceDataModule) -> list[Section]:
    """Return the figures of a trained module on its validation voices, corpus by corpus."""
    module.eval()
    probabilities = predict(module, data.valid)
    labels = data.valid.labels.numpy()
    corpora = data.valid.corpora.numpy()
    sections = []
    for position, corpus in enumerate(module.experiment.data.corpora):
        own = corpora == position
        if not own.any():
            continue
        figures = classification_figures(probabilities[own], labels[own], LABELS)
        recalls = [row.recall for row in figures.per_class.values() if row.support]
        summary = Table(
            ("figure", "value"),
            [
                ("unweighted average recall", f"{np.mean(recalls):.4f}"),
                ("accuracy", f"{figures.accuracy:.4f}"),
                ("expected calibration error", f"{figures.ece:.4f}"),
                ("utterances", str(figures.n)),
            ],
        )
        per_class = Table(
            ("class", "precision", "recall", "F1", "utterances"),
            [
                (
                    name,
                    f"{row.precision:.3f}",
                    f"{row.recall:.3f}",
                    f"{row.f1:.3f}",
                    str(row.support),
                )
                for name, row in figures.per_class.items()
            ],
        )
        confusion = confusion_figure(figures.confusion, LABELS)
        sections.append(Section(f"Validation: {corpus.dataset}", [summary, per_class, confusion]))
    return [*sections, Section("Calibration", [calibration_figure(probabilities, labels)])]


@torch.no_grad()
def predict(module: VoiceModule, dataset: VoiceDataset) -> npt.NDArray[np.float32]:
    """Return the probabilities of every utterance, float32 (n, 7)."""
    parts = [
        module(dataset[positions].waveforms).logits.softmax(dim=1)
        for positions in dataset.batches()
    ]
    return torch.cat(parts).float().numpy()
