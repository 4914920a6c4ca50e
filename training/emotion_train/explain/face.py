"""What the face model looks at, drawn over pictures and videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from emotion_core.affect import LABELS
from emotion_core.nets.expression import CROP_SIDE
from emotion_core.vision.alignment import aligned_crop
from emotion_core.vision.detection import FaceDetector, Image
from emotion_train.checkpoints import CheckpointError, load_weights
from emotion_train.errors import TrainingError
from emotion_train.explain.grad_cam import overlay
from emotion_train.tasks.face.module import FaceModule, predicted_logits
from emotion_train.tasks.face.report import heat_maps
from emotion_train.tasks.face.settings import FaceExperiment

TILE = 240
"""Side of a drawn face in pixels."""
LARGEST_CROP = 2 * CROP_SIDE
"""A picture up to this side is taken for a face crop when no face is detected in it."""


class ExplainError(TrainingError):
    """A picture or video cannot be explained; the message names it."""


@dataclass(frozen=True)
class Explanation:
    """One face, what the model says and where it looks.

    Attributes:
        label: the most probable emotion.
        probability: its probability in [0, 1], before calibration.
        picture: uint8 BGR (240, 240, 3): the crop under its Grad-CAM map.
    """

    label: str
    probability: float
    picture: Image


def load_face_module(weights: Path) -> FaceModule:
    """Build the face network that an exported ``face.safetensors`` describes.

    Raises:
        CheckpointError: if the file is missing, damaged or without its experiment.
    """
    try:
        with safe_open(weights, framework="pt") as content:
            experiment = FaceExperiment.model_validate_json(content.metadata()["experiment"])
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{weights} holds no face model of this project") from error
    module = FaceModule(experiment)
    load_weights(module, weights)
    return module.eval()


def explain_crops(module: FaceModule, crops: npt.NDArray[np.uint8]) -> list[Explanation]:
    """Explain face crops, uint8 (N, 48, 48), by the class the model sees in each."""
    if len(crops) == 0:
        return []
    prepared: Tensor = torch.from_numpy(crops).unsqueeze(1).float() / 255.0
    with torch.no_grad():
        share = module.experiment.objective.votes_in_prediction
        probabilities = predicted_logits(module(prepared), share).softmax(dim=1)
    best, classes = probabilities.max(dim=1)
    heats = heat_maps(module, prepared, classes)
    return [
        Explanation(
            LABELS[label], probability, _draw(crop, heat, f"{LABELS[label]} {probability:.2f}")
        )
        for crop, heat, label, probability in zip(
            crops, heats, classes.tolist(), best.tolist(), strict=True
        )
    ]


def explain_image(module: FaceModule, detector: FaceDetector, image: Image) -> list[Explanation]:
    """Explain every face of a BGR picture; a small picture without one is a crop itself."""
    crops = [aligned_crop(image, face, CROP_SIDE) for face in detector.detect(image)]
    if not crops and max(image.shape[:2]) <= LARGEST_CROP:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
        crops = [small.astype(np.uint8, copy=False)]
    return explain_crops(module, np.stack(crops)) if crops else []


def explain_file(
    module: FaceModule, detector: FaceDetector, path: Path, directory: Path, every: int
) -> list[Path]:
    """Explain a picture, or one frame in so many of a video.

    Args:
        module: see `load_face_module`.
        detector: finds the faces.
        path: of the picture or video.
        directory: gets one PNG for each picture or frame with faces; it is created.
        every: of a video, each frame whose number is a multiple of this is explained.

    Returns:
        The files written.

    Raises:
        ExplainError: if the file is missing or neither picture nor video.
    """
    if not path.is_file():
        raise ExplainError(f"no file at {path}")
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, image in _images(path, every):
        explanations = explain_image(module, detector, image)
        if explanations:
            target = directory / f"{path.stem}{suffix}.png"
            sheet = np.hstack([explanation.picture for explanation in explanations])
            cv2.imwrite(str(target), sheet)
            written.append(target)
    return written


def _images(path: Path, every: int) -> Iterator[tuple[str, Image]]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is not None:
        yield "", image.astype(np.uint8, copy=False)
        return
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise ExplainError(f"{path} is neither a picture nor a video")
        number = 0
        while capture.grab():
            if number % every == 0:
                complete, frame = capture.retrieve()
                if complete:
                    yield f"-{number:06d}", frame.astype(np.uint8, copy=False)
            number += 1
    finally:
        capture.release()


def _draw(crop: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32], caption: str) -> Image:
    large = cv2.resize(crop, (TILE, TILE), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    warm = cv2.resize(heat, (TILE, TILE), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    picture = overlay(large, warm)
    cv2.putText(picture, caption, (8, TILE - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255,) * 3, 2)
    return picture
