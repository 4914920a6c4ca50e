"""Figures of the face model on labelled faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_core.affect import LABELS
from emotion_core.inference.expression import ExpressionModel
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.fer2013 import load_fer2013
from emotion_train.corpora.ferplus import load_votes, majority_labels
from emotion_train.evaluation.classification import ClassificationFigures, classification_figures

BATCH = 256


@dataclass(frozen=True)
class FaceEvaluation:
    """Figures against the corpus's labels and, with votes, against the annotators' majority."""

    label: ClassificationFigures
    majority: ClassificationFigures | None
    broken: int
    data_sha256: str

    def report(self) -> dict[str, Any]:
        """Return the figures as plain values; those of the labels are on the top level."""
        majority = {"votes": asdict(self.majority)} if self.majority else {}
        return {
            **asdict(self.label),
            **majority,
            "unreadable": self.broken,
            "data_sha256": self.data_sha256,
        }


def evaluate_face(
    model: ExpressionModel, data: Path, split: str, votes: Path | None = None
) -> FaceEvaluation:
    """Run the face model over one split.

    Args:
        model: the one the robot runs, or another of its kind.
        data: see `load_fer2013`.
        split: see `load_fer2013`.
        votes: FER+ votes; the majority's figures leave out faces without a majority for one of
            our seven labels.

    Raises:
        CorpusError: if the data or the votes cannot be read, or do not belong together.
    """
    corpus = load_fer2013(data, split)
    parts = [
        model.predict(corpus.images[start : start + BATCH]).probabilities
        for start in range(0, len(corpus), BATCH)
    ]
    probabilities = np.concatenate(parts)
    majority = None
    if votes is not None:
        winners = majority_labels(load_votes(votes), corpus.names)
        voted = winners >= 0
        if not voted.any():
            raise CorpusError(f"{votes} has a majority for none of the faces of {data}")
        majority = classification_figures(probabilities[voted], winners[voted], LABELS)
    return FaceEvaluation(
        classification_figures(probabilities, corpus.labels, LABELS),
        majority,
        len(corpus.broken),
        corpus.fingerprint(),
    )
