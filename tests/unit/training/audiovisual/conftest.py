from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from audiovisual_runs import ADAM, FRESH, NETWORK, Write
from tiny_recordings import (
    PaintedFace,
    make_crema_d,
    make_meld,
    make_ravdess,
    make_semaine,
)

from emotion_train.corpora.catalogue import PREPARE


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a tiny corpus, prepared when it is first asked for."""
    root = tmp_path_factory.mktemp("corpora")
    makers = {
        "crema-d": make_crema_d,
        "ravdess": make_ravdess,
        "meld": make_meld,
        "semaine": make_semaine,
    }

    def prepare(name: str) -> Path:
        out = root / name / "prepared"
        if not out.is_dir():
            made = makers[name](root / name / "corpus")
            PREPARE[name](made, out, PaintedFace())
        return out

    return prepare


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an experiment on a prepared corpus that a test can afford."""

    def write(folder: Path, name: str = "tiny", **changes: object) -> Path:
        path = tmp_path / f"{name}.yaml"
        content = {
            "name": name,
            "task": "audiovisual",
            "seed": 2,
            "data": {"corpora": [{"prepared": str(folder)}], "voice_window": 1.5, "batch_size": 2},
            "network": NETWORK,
            "branches": FRESH,
            "optimizer": ADAM,
            "trainer": {"epochs": 1},
        }
        content.update(changes)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write
