"""What the report of a run on recordings shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_train.callbacks.feature_collapse import relative_deviation
from emotion_train.evaluation.classification import classification_figures
from emotion_train.report.figures import confusion_figure
from emotion_train.report.page import Section, Table
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule
from emotion_train.tasks.audiovisual.frames import annotated_frames
from emotion_train.tasks.audiovisual.losses import concordance, piece_probabilities, rated_steps
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.splits import NO_LABEL, Piece

Array = npt.NDArray[np.float32]

SAMPLES = 4
"""Recordings that are shown one by one."""


@dataclass(frozen=True, eq=False)
class PieceOutcome:
    """What the network says about one piece of T steps.

    Attributes:
        piece: which one.
        probabilities: float32 (T, 7).
        valence_arousal: float32 (T, 2).
        weights: float32 (T, 3), in the order of `Modality`.
        ratings: float32 (T, 2), NaN where there are none.
        verdict: float32 (7,), for the whole piece.
    """

    piece: Piece
    probabilities: Array
    valence_arousal: Array
    weights: Array
    ratings: Array
    verdict: Array


def audiovisual_sections(module: AudioVisualModule, data: AudioVisualDataModule) -> list[Section]:
    """Return the figures of a trained module on its validation recordings."""
    module.eval()
    outcomes, summary = _judge(module, data)
    sections = []
    labelled = [outcome for outcome in outcomes if outcome.piece.label != NO_LABEL]
    if labelled:
        figures = classification_figures(
            np.stack([outcome.verdict for outcome in labelled]),
            np.array([outcome.piece.label for outcome in labelled]),
            LABELS,
        )
        summary = [
            ("unweighted average recall", f"{figures.uar:.4f}"),
            ("accuracy", f"{figures.accuracy:.4f}"),
            ("macro F1", f"{figures.macro_f1:.4f}"),
            *summary,
        ]
        sections.append(Section("Confusion", [confusion_figure(figures.confusion, LABELS)]))
    shown = [outcomes[i] for i in np.linspace(0, len(outcomes) - 1, SAMPLES).astype(int)]
    shown = list(dict.fromkeys(shown))
    return [
        Section("Validation recordings", [Table(("figure", "value"), summary)]),
        *sections,
        Section("Weight of each modality", [_weights_figure(outcomes)]),
        Section("Over time", [_outcome_figure(outcome) for outcome in shown]),
        Section("Predicted and true", [_frames_figure(shown)]),
    ]


@torch.no_grad()
def _judge(
    module: AudioVisualModule, data: AudioVisualDataModule
) -> tuple[list[PieceOutcome], list[tuple[str, str]]]:
    outcomes: list[PieceOutcome] = []
    joint, predicted, wanted = [], [], []
    for positions in data.valid.batches(module.experiment.data.batch_size):
        batch = data.valid[positions]
        output = module(batch)
        verdicts = piece_probabilities(output, batch).numpy()
        probabilities = output.logits.softmax(dim=2).numpy()
        joint.append(output.joint[batch.counted])
        rated = rated_steps(batch)
        predicted.append(output.valence_arousal[rated])
        wanted.append(batch.ratings[rated])
        for row, position in enumerate(positions.tolist()):
            piece = data.valid.pieces[position]
            steps = slice(0, piece.end - piece.start)
            outcomes.append(
                PieceOutcome(
                    piece,
                    probabilities[row, steps],
                    output.valence_arousal[row, steps].numpy(),
                    output.weights[row, steps].numpy(),
                    batch.ratings[row, steps].numpy(),
                    verdicts[row],
                )
            )
    summary = []
    if sum(map(len, wanted)) > 1:
        agreement = concordance(torch.cat(predicted), torch.cat(wanted))
        summary += [
            ("concordance of valence", f"{agreement[0]:.4f}"),
            ("concordance of arousal", f"{agreement[1]:.4f}"),
        ]
    features = torch.cat(joint)
    if len(features):
        deviation = f"{relative_deviation(features):.4f}"
        summary.append(("relative deviation of the joint features", deviation))
    summary.append(("pieces of recordings", str(len(outcomes))))
    return outcomes, summary


def _weights_figure(outcomes: Sequence[PieceOutcome]) -> Figure:
    """Draw the mean weight of each modality over the time since a piece's start."""
    steps = max(len(outcome.weights) for outcome in outcomes)
    total, known = np.zeros((steps, len(Modality))), np.zeros((steps, 1))
    for outcome in outcomes:
        total[: len(outcome.weights)] += outcome.weights
        known[: len(outcome.weights)] += 1
    figure = Figure(figsize=(8, 3))
    axes = figure.subplots()
    for modality in Modality:
        axes.plot(
            np.arange(steps) * STEP_SECONDS,
            (total / known)[:, modality],
            label=modality.name.lower(),
        )
    axes.set_xlabel("s")
    axes.set_ylabel("weight")
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def _outcome_figure(outcome: PieceOutcome) -> Figure:
    """Draw probabilities, valence and arousal with their ratings, and weights of one piece."""
    times = (outcome.piece.start + np.arange(len(outcome.weights))) * STEP_SECONDS
    figure = Figure(figsize=(11, 2.6))
    left, middle, right = figure.subplots(1, 3)
    for place, label in enumerate(LABELS):
        is_true = place == outcome.piece.label
        left.plot(times, outcome.probabilities[:, place], label=label, lw=2.5 if is_true else 1)
    for place, name in enumerate(("valence", "arousal")):
        (line,) = middle.plot(times, outcome.valence_arousal[:, place], label=name)
        middle.plot(times, outcome.ratings[:, place], "--", color=line.get_color())
    for modality in Modality:
        right.plot(times, outcome.weights[:, modality], label=modality.name.lower())
    left.set_title(f"{outcome.piece.clip.path.stem}: {_truth(outcome.piece)}", fontsize=8)
    middle.set_title("dashed: the raters", fontsize=8)
    for axes, low in ((left, 0), (middle, -1), (right, 0)):
        axes.set_ylim(low, 1)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=6)
        axes.set_xlabel("s")
    return figure


def _frames_figure(outcomes: Sequence[PieceOutcome]) -> Figure:
    """Draw frames of recordings in rows, with what the network says and what is true."""
    columns = 3
    figure = Figure(figsize=(4.2 * columns, 3.4 * len(outcomes)))
    grid = figure.subplots(len(outcomes), columns, squeeze=False)
    for axes in grid.ravel():
        axes.axis("off")
    for row, outcome in zip(grid, outcomes, strict=True):
        pictures = annotated_frames(
            outcome.piece, outcome.probabilities, outcome.valence_arousal, outcome.ratings, columns
        )
        for axes, (step, picture) in zip(row, pictures, strict=False):
            axes.imshow(picture[..., ::-1])
            time = step * STEP_SECONDS
            axes.set_title(f"{outcome.piece.clip.path.stem}, {time:.1f} s", fontsize=8)
    return figure


def _truth(piece: Piece) -> str:
    return "no emotion is given" if piece.label == NO_LABEL else LABELS[piece.label]
