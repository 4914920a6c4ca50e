"""What the report of a text run shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from emotion_core.affect import LABELS
from emotion_train.evaluation.classification import classification_figures
from emotion_train.report.figures import calibration_figure, confusion_figure
from emotion_train.report.page import Section, Table
from emotion_train.tasks.text.data import EMOBANK, MELD, SentenceDataset, TextDataModule
from emotion_train.tasks.text.module import TextModule

SAMPLES = 20


def text_sections(module: TextModule, data: TextDataModule) -> list[Section]:
    """Return the figures of a trained module on its validation sentences with one emotion."""
    module.eval()
    single = (data.valid.emotions.sum(dim=1) == 1) & (data.valid.corpora != EMOBANK)
    positions = torch.nonzero(single).flatten()
    if len(positions) == 0:
        return []
    probabilities = predict_logits(module, data.valid, positions).softmax(dim=1).numpy()
    labels = data.valid.emotions[positions].argmax(dim=1).numpy()
    figures = classification_figures(probabilities, labels, LABELS)
    summary = Table(
        ("figure", "value"),
        [
            ("accuracy", f"{figures.accuracy:.4f}"),
            ("macro F1", f"{figures.macro_f1:.4f}"),
            ("expected calibration error", f"{figures.ece:.4f}"),
            ("sentences with one emotion", str(figures.n)),
        ],
    )
    per_class = Table(
        ("class", "precision", "recall", "F1", "sentences"),
        [
            (name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support))
            for name, row in figures.per_class.items()
        ],
    )
    return [
        Section("Validation", [summary, per_class]),
        Section("Confusion", [confusion_figure(figures.confusion, LABELS)]),
        Section("Calibration", [calibration_figure(probabilities, labels)]),
        _mistakes(data.valid, positions, probabilities, labels),
    ]


@torch.no_grad()
def predict_logits(
    module: TextModule, dataset: SentenceDataset, positions: torch.Tensor, size: int = 128
) -> torch.Tensor:
    """Return the logits of the robot's emotion of some sentences, float32 (n, 7)."""
    result = torch.empty(len(positions), len(LABELS))
    for rows in dataset.lengths[positions].argsort().split(size):  # type: ignore[no-untyped-call]
        batch = module.prepare(dataset[positions[rows]])
        result[rows] = module(batch.numbers, batch.segments).label_logits.float()
    return result


def _mistakes(
    dataset: SentenceDataset,
    positions: torch.Tensor,
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
) -> Section:
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-probabilities.max(axis=1)[wrong])][:SAMPLES]
    rows = [
        (
            dataset.texts[int(positions[row])],
            "MELD" if int(dataset.corpora[positions[row]]) == MELD else "GoEmotions",
            LABELS[labels[row]],
            f"{LABELS[predicted[row]]} {probabilities[row].max():.2f}",
        )
        for row in wrong
    ]
    return Section("Wrong and sure", [Table(("sentence", "corpus", "label", "predicted"), rows)])
