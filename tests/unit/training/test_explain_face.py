from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_core.resources import models_directory
from emotion_core.vision.detection import Detection, Image
from emotion_core.vision.geometry import Box
from emotion_train.checkpoints import CheckpointError
from emotion_train.explain.face import (
    ExplainError,
    explain_crops,
    explain_file,
    load_face_module,
)
from emotion_train.tasks.face.module import FaceModule

pytestmark = pytest.mark.unit


class MiddleFace:
    """Takes the middle of every large picture for a face."""

    def detect(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        if width < 200:
            return []
        box = Box(width / 4, height / 4, width / 2, height / 2)
        return [Detection(box, 0.9, np.zeros((5, 2), np.float32))]


@pytest.fixture(scope="module")
def module() -> FaceModule:
    return load_face_module(models_directory() / "face.safetensors")


def test_every_crop_gets_a_label_and_a_picture(module: FaceModule) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 48, 48)).astype(np.uint8)
    explanations = explain_crops(module, crops)
    assert len(explanations) == 3
    for explanation in explanations:
        assert explanation.label in LABELS
        assert 1 / 7 <= explanation.probability <= 1
        assert explanation.picture.shape == (240, 240, 3)
    assert explain_crops(module, crops[:0]) == []


def test_pictures_videos_and_crops(module: FaceModule, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (150, 200, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "picture.png"), picture)
    cv2.imwrite(str(tmp_path / "crop.png"), picture[:60, :60])
    cv2.imwrite(str(tmp_path / "faceless.png"), picture[:, :150])
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (200, 150)
    )
    for _ in range(7):
        writer.write(picture)
    writer.release()

    def explain(name: str) -> list[str]:
        files = explain_file(module, MiddleFace(), tmp_path / name, tmp_path / "out", 3)
        return [file.name for file in files]

    assert explain("picture.png") == ["picture.png"]
    assert explain("crop.png") == ["crop.png"]
    assert explain("faceless.png") == []
    assert explain("clip.avi") == ["clip-000000.png", "clip-000003.png", "clip-000006.png"]


def test_unusable_files_are_named(module: FaceModule, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video", encoding="utf-8")
    with pytest.raises(ExplainError, match=r"text\.mp4 is neither"):
        explain_file(module, MiddleFace(), tmp_path / "text.mp4", tmp_path, 1)
    with pytest.raises(ExplainError, match="no file"):
        explain_file(module, MiddleFace(), tmp_path / "nowhere.png", tmp_path, 1)
    (tmp_path / "other.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"other\.safetensors"):
        load_face_module(tmp_path / "other.safetensors")
