"""A real detector, a real face, and a painted world in which the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from emotion_core.resources import cache_directory
from emotion_core.vision.detection import Image
from emotion_core.vision.mtcnn import MtcnnDetector


@pytest.fixture(scope="session")
def mtcnn_directory() -> Path:
    """The cascade's networks, made once per user."""
    export = pytest.importorskip("emotion_train.export.mtcnn", reason="needs facenet-pytorch")
    directory = cache_directory() / "mtcnn"
    export.export_mtcnn(directory)
    return directory


@pytest.fixture(scope="session")
def mtcnn(mtcnn_directory: Path) -> MtcnnDetector:
    return MtcnnDetector(mtcnn_directory)


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """A public-domain portrait, BGR (512, 512, 3), one face of about 90 pixels."""
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
