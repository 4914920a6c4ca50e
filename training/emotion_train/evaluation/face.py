"""Figures of the face model on labelled faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.inference.expression import ExpressionModel
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.fer2013 import load_fer2013
from emotion_train.corpora.ferplus import load_votes, majority_labels
from emotion_train.evaluation.classification import ClassificationFigures, classification_figures

BATCH = 256

Crops = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


class FaceReader(Protocol):
    """What is evaluated."""

    def probabilities(self, crops: Crops) -> Probabilities:
        """Return probabilities, float32 (N, 7), of uint8 (N, 48, 48) crops."""

    def probabilities_and_votes(self, crops: Crops) -> tuple[Probabilities, Probabilities]:
        """Return them, and what the head of votes says of the same crops, float32 (N, 7)."""


class ExportedFace:
    """The model that the robot runs, or another of its kind.

    Args:
        model: with its graph.
    """

    def __init__(self, model: ExpressionModel) -> None:
        self._model = model

    def probabilities(self, crops: Crops) -> Probabilities:
        """See `FaceReader`."""
        return self._model.predict(crops).probabilities

    def probabilities_and_votes(self, crops: Crops) -> tuple[Probabilities, Probabilities]:
        """See `FaceReader`."""
        scores, votes = self._model.predict_with_votes(crops)
        return scores.probabilities, votes


@dataclass(frozen=True)
class FaceEvaluation:
    """Figures of a face model.

    Attributes:
        label: against the corpus's labels.
        majority: of the head that has learnt the votes, against the annotators' majority; None
            without votes.
        label_on_majority: of the robot's probabilities against it.
        broken: unreadable faces.
        data_sha256: of the faces and labels.
    """

    label: ClassificationFigures
    majority: ClassificationFigures | None
    label_on_majority: ClassificationFigures | None
    broken: int
    data_sha256: str

    def report(self) -> dict[str, Any]:
        """Return the figures as plain values; those of the labels are on the top level."""
        against_votes = {
            "votes": self.majority,
            "label_on_votes": self.label_on_majority,
        }
        return {
            **asdict(self.label),
            **{name: asdict(figures) for name, figures in against_votes.items() if figures},
            "unreadable": self.broken,
            "data_sha256": self.data_sha256,
        }


def evaluate_face(
    reader: FaceReader, data: Path, split: str, votes: Path | None = None
) -> FaceEvaluation:
    """Read the faces of one split.

    Args:
        reader: an exported model or the network of a run.
        data: see `load_fer2013`.
        split: see `load_fer2013`.
        votes: FER+ votes; the majority's figures leave out faces without a majority for one of
            our seven labels.

    Raises:
        CorpusError: if the data or the votes cannot be read, or do not belong together.
    """
    corpus = load_fer2013(data, split)
    batches = [corpus.images[start : start + BATCH] for start in range(0, len(corpus), BATCH)]
    majority = label_on_majority = None
    if votes is None:
        probabilities = np.concatenate([reader.probabilities(batch) for batch in batches])
    else:
        winners = majority_labels(load_votes(votes), corpus.names)
        voted = winners >= 0
        if not voted.any():
            raise CorpusError(f"{votes} has a majority for none of the faces of {data}")
        both = [reader.probabilities_and_votes(batch) for batch in batches]
        probabilities, shares = (np.concatenate(parts) for parts in zip(*both, strict=True))
        majority = classification_figures(shares[voted], winners[voted], LABELS)
        label_on_majority = classification_figures(probabilities[voted], winners[voted], LABELS)
    return FaceEvaluation(
        classification_figures(probabilities, corpus.labels, LABELS),
        majority,
        label_on_majority,
        len(corpus.broken),
        corpus.fingerprint(),
    )
