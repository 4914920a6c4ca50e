"""Figures of the fusion model on timelines composed of what its models have never seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality
from emotion_core.inference.fusion import STEP_SECONDS, FusionModel
from emotion_train.evaluation.classification import classification_figures
from emotion_train.tasks.fusion.bank import Banks, load_banks
from emotion_train.tasks.fusion.data import FusionBatch, TimelineDataset
from emotion_train.tasks.fusion.settings import FusionData, FusionSources, TimelineSettings

ALL: Final = tuple(Modality)

WHOLE: Final = TimelineSettings(contradiction=(0.0, 0.0, 0.0), absence=0.0)
"""Every modality is there, nothing contradicts on purpose; faces hide and people pause."""


@dataclass(frozen=True)
class FusionFigures:
    """Figures of one condition, over all steps of all timelines.

    Attributes:
        accuracy: share of steps with the right label.
        ece: expected calibration error.
        delay_s: median time from a change of emotion to the first step with the new label, s.
        reached: share of changes after which the new label was reached at all.
    """

    accuracy: float
    ece: float
    delay_s: float
    reached: float


@dataclass(frozen=True)
class FusionEvaluation:
    """Figures by condition, all on the same timelines but for the contradicting ones."""

    present: dict[str, FusionFigures]
    contradicting: dict[str, FusionFigures]
    timelines: int

    def report(self) -> dict[str, Any]:
        """Return the figures as plain values; those of everything together on the top level."""
        every = self.present[name_of(ALL)]
        return {
            **vars(every),
            "n": self.timelines,
            "present": {name: vars(figures) for name, figures in self.present.items()},
            "contradicting": {name: vars(figures) for name, figures in self.contradicting.items()},
            "composed": "of faces, voices and sentences of different people",
        }


def held_out_sources(root: Path, split: str) -> FusionSources:
    """Return the sources below one folder.

    Args:
        root: with fer2013, ravdess and text/meld.
        split: ``valid`` or ``test``; the sentences' validation part is called ``dev``.
    """
    defaults = FusionSources()
    return FusionSources(
        faces=root.resolve() / defaults.faces,
        voices=root.resolve() / defaults.voices,
        sentences=root.resolve() / defaults.sentences,
        faces_split=split,
        voices_split=split,
        sentences_split="dev" if split == "valid" else split,
    )


def name_of(modalities: Collection[Modality]) -> str:
    """Return the name of a set of modalities, such as ``face+voice``."""
    return "+".join(modality.name.lower() for modality in Modality if modality in modalities)


def evaluate_fusion(
    model: FusionModel,
    sources: FusionSources | None = None,
    *,
    models: Path | None = None,
    timelines: int = 500,
    seed: int = 1,
) -> FusionEvaluation:
    """Run the fusion model over composed timelines, with each set of modalities.

    Args:
        model: the one the robot runs, or another of its kind.
        sources: of the timelines; None for the validation parts of the default corpora.
        models: folder of the face, voice and text models; None for the shipped ones.
        timelines: how many.
        seed: of their composition.

    Raises:
        CorpusError: if a corpus cannot be read.
        ModelError: if a model cannot be used.
    """
    banks = load_banks(sources or FusionData().valid, models, seed)
    batches = _batches(banks, timelines, seed)
    sets = [(one,) for one in Modality]
    sets += [tuple(m for m in Modality if m is not left_out) for left_out in Modality]
    present = {name_of(kept): _run(model, batches, kept) for kept in [*sets, ALL]}
    contradicting = {
        name_of([wrong]): _run(model, _batches(banks, timelines, seed, [wrong]), ALL)
        for wrong in Modality
    }
    return FusionEvaluation(present, contradicting, timelines)


def _batches(
    banks: Banks, count: int, seed: int, contradicting: Collection[Modality] = ()
) -> list[FusionBatch]:
    dataset = TimelineDataset(banks, WHOLE, count, seed, contradicting)
    return [dataset[positions] for positions in dataset.batches()]


def _run(
    model: FusionModel, batches: Sequence[FusionBatch], kept: Collection[Modality]
) -> FusionFigures:
    probabilities = np.concatenate([predict(model, batch, kept) for batch in batches])
    labels = np.concatenate([batch.labels.numpy() for batch in batches])
    figures = classification_figures(probabilities.reshape(-1, len(LABELS)), labels.ravel(), LABELS)
    delays = onset_delays(probabilities.argmax(axis=2), labels)
    reached = np.isfinite(delays)
    return FusionFigures(
        figures.accuracy,
        figures.ece,
        float(np.median(delays[reached])) if reached.any() else float("inf"),
        float(reached.mean()) if len(delays) else 0.0,
    )


def predict(
    model: FusionModel, batch: FusionBatch, kept: Collection[Modality] = ALL
) -> npt.NDArray[np.float32]:
    """Return the probabilities at every step, float32 (N, T, 7), step by step as the robot does.

    Before anything has been seen or heard all labels are equally likely.
    """
    mask = np.array([modality in kept for modality in Modality], np.float32)
    presence = batch.presence.numpy() * mask
    features = [vectors.numpy() for vectors in batch.features]
    count, steps = presence.shape[:2]
    memory = model.blank(count)
    result = np.full((count, steps, len(LABELS)), 1.0 / len(LABELS), np.float32)
    known = np.zeros(count, bool)
    for step in range(steps):
        scores = model.step([vectors[:, step] for vectors in features], presence[:, step], memory)
        memory = scores.memory
        known |= presence[:, step].any(axis=1)
        result[known, step] = scores.probabilities[known]
    return result


def onset_delays(
    predicted: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return for every change of label how long the prediction takes to follow, s.

    Args:
        predicted: (N, T).
        labels: (N, T).

    Returns:
        One value for each change, inf where the prediction never follows before the next one.
    """
    delays = []
    for said, true in zip(predicted, labels, strict=True):
        onsets = np.flatnonzero(np.diff(true)) + 1
        for start, end in zip(onsets, [*onsets[1:], len(true)], strict=True):
            right = np.flatnonzero(said[start:end] == true[start])
            delays.append(right[0] * STEP_SECONDS if len(right) else np.inf)
    return np.array(delays)
