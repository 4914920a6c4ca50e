"""What the report of a face run shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_train.evaluation.classification import classification_figures
from emotion_train.explain.grad_cam import grad_cam, overlay
from emotion_train.report.figures import (
    calibration_figure,
    confusion_figure,
    gradients_figure,
    pictures_figure,
)
from emotion_train.report.page import Section, Table
from emotion_train.tasks.face.augmentation import prepare
from emotion_train.tasks.face.data import FaceDataModule, FaceDataset
from emotion_train.tasks.face.module import FaceModule, predicted_logits

SAMPLES = 16
GRADIENT_FACES = 64


def face_sections(module: FaceModule, data: FaceDataModule) -> list[Section]:
    """Return the figures of a trained module on its validation faces."""
    module.eval()
    probabilities = predict(module, data.valid)
    labels = data.valid.labels.numpy()
    figures = classification_figures(probabilities, labels, LABELS)
    summary = Table(
        ("figure", "value"),
        [
            ("accuracy", f"{figures.accuracy:.4f}"),
            ("macro F1", f"{figures.macro_f1:.4f}"),
            ("expected calibration error", f"{figures.ece:.4f}"),
            ("faces", str(figures.n)),
        ],
    )
    per_class = Table(
        ("class", "precision", "recall", "F1", "faces"),
        [
            (name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support))
            for name, row in figures.per_class.items()
        ],
    )
    return [
        Section("Validation", [summary, per_class]),
        Section("Confusion", [confusion_figure(figures.confusion, LABELS)]),
        Section("Calibration", [calibration_figure(probabilities, labels)]),
        Section("Gradients", [gradients_figure(gradients(module, data.train))]),
        *_samples(module, data.valid, probabilities, labels),
    ]


@torch.no_grad()
def predict(module: FaceModule, dataset: FaceDataset) -> npt.NDArray[np.float32]:
    """Return the probabilities of every face, float32 (n, 7)."""
    share = module.experiment.objective.votes_in_prediction
    parts = [
        predicted_logits(module(prepare(dataset[positions]).crops), share).softmax(dim=1)
        for positions in dataset.batches()
    ]
    return torch.cat(parts).float().numpy()


def gradients(module: FaceModule, dataset: FaceDataset) -> dict[str, npt.NDArray[np.floating]]:
    """Return the loss's gradient by every kernel on some evenly spread faces."""
    count = min(GRADIENT_FACES, len(dataset))
    positions = torch.linspace(0, len(dataset) - 1, count).long()
    batch = prepare(dataset[positions])
    loss = torch.stack(list(module.loss(module(batch.crops), batch).values())).sum()
    kernels = {
        name.removeprefix("network."): parameter
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and parameter.ndim > 1
    }
    found = torch.autograd.grad(loss, list(kernels.values()), allow_unused=True)
    return {
        name: gradient.numpy()
        for name, gradient in zip(kernels, found, strict=True)
        if gradient is not None
    }


def attention_layer(module: FaceModule) -> nn.Module:
    """Return the last layer with a spatial map, which Grad-CAM looks at."""
    convolutional = module.backbone()[-1]
    last = [part for part in convolutional.modules() if isinstance(part, nn.Conv2d)][-1]
    blocks = list(convolutional.children())
    # A residual block's sum tells more than the last convolution inside its branch.
    return blocks[-1] if any(part is last for part in blocks[-1].modules()) else last


def heat_maps(module: FaceModule, crops: Tensor, classes: Tensor) -> npt.NDArray[np.float32]:
    """Return Grad-CAM maps, float32 (N, H, W) in [0, 1], of prepared crops (N, 1, H, W)."""
    share = module.experiment.objective.votes_in_prediction

    def logits(images: Tensor) -> Tensor:
        return predicted_logits(module(images), share)

    result: npt.NDArray[np.float32] = grad_cam(
        logits, attention_layer(module), crops, classes
    ).numpy()
    return result


def _samples(
    module: FaceModule,
    dataset: FaceDataset,
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
) -> list[Section]:
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    sections = []
    for title, chosen in (
        ("Right and sure", predicted == labels),
        ("Wrong and sure", predicted != labels),
    ):
        candidates = np.flatnonzero(chosen)
        positions = candidates[np.argsort(-confidence[candidates])][:SAMPLES]
        if len(positions) == 0:
            continue
        batch = prepare(dataset[torch.from_numpy(positions)])
        heats = heat_maps(module, batch.crops, torch.from_numpy(predicted[positions]))
        images = dataset.images[torch.from_numpy(positions)].numpy()
        titles = [
            f"{LABELS[predicted[face]]} {confidence[face]:.2f}\n({LABELS[labels[face]]})"
            for face in positions
        ]
        sections.append(
            Section(title, [pictures_figure(images, titles), _heated(images, heats, titles)])
        )
    return sections


def _heated(
    images: npt.NDArray[np.uint8], heats: npt.NDArray[np.float32], titles: Sequence[str]
) -> Figure:
    pictures = [overlay(image, heat)[..., ::-1] for image, heat in zip(images, heats, strict=True)]
    return pictures_figure(pictures, titles)
