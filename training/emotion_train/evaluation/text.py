"""Figures of the text model on annotated sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import pearsonr
from sklearn.metrics import accuracy_score, f1_score  # type: ignore[import-untyped]

from emotion_core.affect import LABELS
from emotion_core.inference.text import CorpusScores, TextModel
from emotion_core.text.cleaning import as_transcript
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.goemotions import THRESHOLD
from emotion_train.corpora.sentences import SentenceCorpus
from emotion_train.evaluation.classification import classification_figures
from emotion_train.tasks.text.data import LOADERS

DEFAULT_SPLIT: Final = "dev"
OTHER_SPLIT: Final = "test"


@dataclass(frozen=True)
class TextEvaluation:
    """Figures on one split of one corpus.

    Attributes:
        figures: ``weighted_f1, macro_f1, accuracy`` or ``pearson_valence, pearson_arousal``, and
            ``n``; with emotions also ``per_class``: F1 by label.
        split: which part of the corpus.
        broken: rows that could not be read, with the reason.
        data_sha256: of the sentences and their annotations.
    """

    figures: dict[str, Any]
    split: str
    broken: tuple[str, ...]
    data_sha256: str

    def report(self) -> dict[str, Any]:
        """Return everything as plain values, the figures on the top level."""
        return {
            **self.figures,
            "split": self.split,
            "unreadable": len(self.broken),
            "data_sha256": self.data_sha256,
        }

    def flat_figures(self) -> dict[str, float | int]:
        """Return the figures with those of the classes by themselves."""
        classes = {f"F1 of {name}": f1 for name, f1 in self.figures.get("per_class", {}).items()}
        return {k: v for k, v in self.figures.items() if k != "per_class"} | classes


def evaluate_text(
    model: TextModel,
    data: Path,
    dataset: str,
    split: str | None = None,
    *,
    contexts: bool = True,
    transcripts: bool = False,
) -> TextEvaluation:
    """Run the text model over one split, reading the head of the corpus.

    Args:
        model: the one the robot runs, or another of its kind.
        data: the corpus's own file or folder.
        dataset: meld, goemotions or emobank.
        split: train, dev or test; None takes dev, or test where there is no dev.
        contexts: give the model what was said before, where the corpus has it.
        transcripts: evaluate on the sentences as a speech recogniser would write them.

    Raises:
        CorpusError: if the dataset is unknown or cannot be read.
    """
    if dataset not in LOADERS:
        raise CorpusError(f"dataset {dataset!r} is none of {', '.join(LOADERS)}")
    chosen, corpus = _load(dataset, data, split)
    change = as_transcript if transcripts else str
    before = corpus.contexts if contexts else ("",) * len(corpus)
    scores = model.predict_corpora(
        [change(text) for text in corpus.texts], [change(text) for text in before]
    )
    return TextEvaluation(
        _figures(dataset, scores, corpus), chosen, corpus.broken, corpus.fingerprint()
    )


def _load(dataset: str, data: Path, split: str | None) -> tuple[str, SentenceCorpus]:
    load = LOADERS[dataset]
    if split is not None:
        return split, load(data, split)
    try:
        return DEFAULT_SPLIT, load(data, DEFAULT_SPLIT)
    except CorpusError:
        try:
            return OTHER_SPLIT, load(data, OTHER_SPLIT)
        except CorpusError:
            # The message about the split that everybody has helps more.
            return DEFAULT_SPLIT, load(data, DEFAULT_SPLIT)


def _figures(dataset: str, scores: CorpusScores, corpus: SentenceCorpus) -> dict[str, Any]:
    if dataset == "emobank":
        return rating_figures(scores.rating, corpus.ratings)
    if dataset == "goemotions":
        return mention_figures(scores.mentions, corpus.emotions)
    return dialogue_figures(scores.dialogue, corpus.emotions.argmax(axis=1))


def dialogue_figures(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> dict[str, Any]:
    """Return the figures of one label per sentence; probabilities (n, 7), labels (n,)."""
    figures = classification_figures(probabilities, labels, LABELS)
    weighted = f1_score(labels, probabilities.argmax(axis=1), average="weighted", zero_division=0)
    return {
        "weighted_f1": float(weighted),
        "macro_f1": figures.macro_f1,
        "accuracy": figures.accuracy,
        "ece": figures.ece,
        "per_class": {name: row.f1 for name, row in figures.per_class.items()},
        "n": figures.n,
    }


def mention_figures(
    probabilities: npt.NDArray[np.floating], emotions: npt.NDArray[np.floating]
) -> dict[str, Any]:
    """Return the figures of any number of labels per sentence, both (n, 7).

    An emotion counts as present from the threshold of GoEmotions' paper on. Accuracy is the share
    of sentences all of whose labels are right.
    """
    present = probabilities >= THRESHOLD
    truth = emotions > 0
    f1 = f1_score(truth, present, average=None, zero_division=0)
    return {
        "weighted_f1": float(f1_score(truth, present, average="weighted", zero_division=0)),
        "macro_f1": float(np.mean(f1)),
        "accuracy": float(accuracy_score(truth, present)),
        "per_class": dict(zip(LABELS, map(float, f1), strict=True)),
        "n": len(truth),
    }


def rating_figures(
    predicted: npt.NDArray[np.floating], ratings: npt.NDArray[np.floating]
) -> dict[str, Any]:
    """Return Pearson's correlation of valence and of arousal, both (n, 2); 0 where undefined."""
    correlations = []
    for column in range(2):
        pair = predicted[:, column], ratings[:, column]
        varied = len(ratings) > 1 and all(np.ptp(values) > 0 for values in pair)
        correlations.append(float(pearsonr(*pair).statistic) if varied else 0.0)
    return {
        "pearson_valence": correlations[0],
        "pearson_arousal": correlations[1],
        "n": len(ratings),
    }
