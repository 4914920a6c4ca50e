from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from emotion_core.affect import LABELS

VOTE_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)
VOTE_COLUMNS = VOTE_HEADER.split(",")[2:]
WORDS = {
    "neutral": "neutral",
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "fear": "fear",
    "disgust": "disgust",
    "surprise": "surprise",
}


@pytest.fixture(scope="session")
def face_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER2013's layout with 12 train and 4 valid faces per emotion, and votes for most of them.

    A bright stripe across the picture tells the emotion, so that it can be learnt, also mirrored.
    """
    root = tmp_path_factory.mktemp("fer")
    random = np.random.default_rng(0)
    votes = [VOTE_HEADER]
    number = 0
    for split, count in (("train", 12), ("valid", 4)):
        for index, emotion in enumerate(LABELS):
            folder = root / split / emotion
            folder.mkdir(parents=True)
            for _ in range(count):
                image = random.integers(0, 120, (48, 48)).astype(np.uint8)
                image[index * 6 : index * 6 + 6] += 120
                name = f"fer{number:07d}.png"
                number += 1
                cv2.imwrite(str(folder / name), image)
                counts = [
                    "8" if WORDS[emotion] == column_name else "0" for column_name in VOTE_COLUMNS
                ]
                if number % 10:
                    votes.append(",".join(["Training", name, *counts]))
    (root / "votes.csv").write_text("\n".join(votes) + "\n", encoding="utf-8")
    return root


@pytest.fixture
def experiment_file(face_folder: Path, tmp_path: Path) -> Path:
    """A face experiment that a test can afford."""
    path = tmp_path / "tiny.yaml"
    content = {
        "name": "tiny",
        "task": "face",
        "seed": 3,
        "data": {
            "path": str(face_folder),
            "votes": str(face_folder / "votes.csv"),
            "batch_size": 28,
        },
        "network": {"name": "expression_net", "widths": [8, 16], "depths": [1, 1], "dropout": 0.1},
        "augmentation": {
            "rotation_deg": 5,
            "translation": 0.05,
            "scale": 0.1,
            "erase": 0.2,
            "mixup": 0.2,
            "cutmix": 0.5,
            "mix_probability": 0.5,
        },
        "objective": {
            "label_smoothing": 0.05,
            "votes_in_label": 0.2,
            "votes": 0.5,
            "valence_arousal": 0.5,
            "votes_in_prediction": 0.25,
        },
        "optimizer": {"learning_rate": 0.05},
        "trainer": {"epochs": 3, "ema_decay": 0.9},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
