from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import save_file

from emotion_core.vision.detection import Detection, Image
from emotion_core.vision.geometry import Box
from emotion_train.corpora import affwild
from emotion_train.corpora.affwild import (
    POSITIONS,
    find_videos,
    load_clip,
    prepare_affwild,
    split_names,
)
from emotion_train.corpora.errors import CorpusError
from emotion_train.curves import read_curves
from emotion_train.fit import fit
from emotion_train.tasks.registry import load_experiment

pytestmark = pytest.mark.unit


class BrightFace:
    """Takes the bright square for the face; a picture without one has no face."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: Image) -> list[Detection]:
        self.calls += 1
        rows, columns = np.nonzero(image.max(axis=2) > 150)
        if len(rows) == 0:
            return []
        box = Box(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        return [Detection(box, 0.9, np.zeros((5, 2), np.float32))]


def write_video(path: Path, frames: int, *, faces: bool = True) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for number in range(frames):
        frame = np.zeros((48, 64, 3), np.uint8)
        if faces and number != 79:
            left = number // 20
            frame[10:34, left : left + 24] = (40, 40, 255)
        writer.write(frame)
    writer.release()


def write_labels(root: Path, name: str, count: int, value: str | None = None) -> None:
    for kind, sign in (("valence", 1), ("arousal", -1)):
        lines = [value or f"{sign * number / 1000}" for number in range(count)]
        path = root / "annotations" / "train" / kind / f"{name}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("videos/train", "annotations/train/valence", "annotations/train/arousal"):
        (tmp_path / "affwild" / folder).mkdir(parents=True)
    return tmp_path / "affwild"


def add(root: Path, name: str, frames: int = 405, labels: int = 405, **options: object) -> None:
    write_video(root / "videos" / "train" / f"{name}.avi", frames, **options)  # type: ignore[arg-type]
    write_labels(root, name, labels)


def test_ten_faces_with_their_labels(root: Path, tmp_path: Path) -> None:
    add(root, "a")
    preparation = prepare_affwild(root, tmp_path / "out", BrightFace())
    clip = load_clip(preparation.files[0])
    assert clip.frames.shape == (10, 224, 224, 3)
    np.testing.assert_allclose(clip.valence, np.array(POSITIONS) / 1000)
    np.testing.assert_allclose(clip.arousal, -clip.valence)
    red, _, blue = clip.frames[0, 100, 100].astype(int)
    assert red > 200 > 100 > blue
    # The second frame has no face: it is cut where the first one was.
    assert clip.frames[1].mean() < 40


def test_interrupted_preparation_goes_on(root: Path, tmp_path: Path) -> None:
    add(root, "a")
    add(root, "b")
    first, second = BrightFace(), BrightFace()
    prepare_affwild(root, tmp_path / "out", first)
    (tmp_path / "out" / "b.safetensors").write_bytes(b"half a file")
    prepare_affwild(root, tmp_path / "out", second)
    assert (first.calls, second.calls) == (20, 10)
    write_labels(root, "a", 410)
    third = BrightFace()
    prepare_affwild(root, tmp_path / "out", third)
    assert third.calls == 10


def test_unusable_videos_are_passed_over_with_a_reason(root: Path, tmp_path: Path) -> None:
    add(root, "good")
    add(root, "short", frames=399)
    add(root, "unlabelled")
    (root / "annotations" / "train" / "arousal" / "unlabelled.txt").unlink()
    add(root, "few", labels=200)
    add(root, "faceless", faces=False)
    add(root, "wild")
    write_labels(root, "wild", 400, "1.5")
    add(root, "words")
    write_labels(root, "words", 400, "high")
    (root / "videos" / "train" / "broken.avi").write_bytes(b"no video")
    write_labels(root, "broken", 400)
    preparation = prepare_affwild(root, tmp_path / "out", BrightFace())
    assert [path.stem for path in preparation.files] == ["good"]
    reasons = "\n".join(preparation.broken)
    for expected in (
        "short.avi: 399 frames, 400 are needed",
        "unlabelled.avi: no labels",
        "few.txt: 200 labels, 400 are needed",
        "faceless.avi: no face",
        "wild.txt: a label is outside",
        "words.txt: a line is no number",
        "broken.avi: not a readable video",
    ):
        assert expected in reasons


def test_full_disk_leaves_nothing_half_written(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(root, "a")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(affwild, "save_file", full)
    with pytest.raises(CorpusError, match=r"disk is full.*a\.safetensors"):
        prepare_affwild(root, tmp_path / "out", BrightFace())
    assert list((tmp_path / "out").iterdir()) == []


def test_another_layout_and_no_usable_video(root: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no Aff-Wild"):
        find_videos(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="no labelled video"):
        find_videos(root)
    add(root, "short", frames=5)
    with pytest.raises(CorpusError, match=r"no video of .* can be used.*5 frames"):
        prepare_affwild(root, tmp_path / "out", BrightFace())


def test_split_is_by_video_and_repeatable() -> None:
    names = [f"v{number}" for number in range(50)]
    parts = split_names(names, seed=1)
    assert [len(part) for part in parts.values()] == [40, 5, 5]
    assert sorted(name for part in parts.values() for name in part) == sorted(names)
    assert split_names(names[::-1], seed=1) == parts
    assert split_names(names, seed=2) != parts
    with pytest.raises(CorpusError, match="too few"):
        split_names(["a", "b"], seed=0)


@pytest.mark.slow
def test_cnn_gru_trains_on_prepared_clips(root: Path, tmp_path: Path) -> None:
    for number in range(10):
        add(root, f"v{number}")
    prepare_affwild(root, tmp_path / "out", BrightFace())
    file = tmp_path / "gru.yaml"
    content = {
        "name": "gru",
        "task": "affect_video",
        "target": "valence",
        "data": {"prepared": str(tmp_path / "out"), "batch_size": 4},
        "network": {"features": 8, "hidden_size": 8},
        "optimizer": {"name": "adam", "learning_rate": 0.003, "schedule": {"name": "constant"}},
        "trainer": {"epochs": 4},
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    experiment, task = load_experiment(file)
    result = fit(experiment, task, tmp_path / "run", accelerator="cpu", devices=1)
    losses = [row["val/loss"] for row in read_curves(tmp_path / "run")]
    assert result.score == pytest.approx(min(losses), rel=1e-4)
    assert losses[-1] < losses[0]
    assert "Squared error" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_train_the_model_of_one(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(10):
        clip = {
            "frames": random.integers(0, 255, (10, 224, 224, 3)).astype(np.uint8),
            "valence": random.uniform(-1, 1, 10).astype(np.float32),
            "arousal": random.uniform(-1, 1, 10).astype(np.float32),
        }
        save_file(clip, folder / f"v{number}.safetensors")
    file = tmp_path / "pair.yaml"
    content = {
        "name": "pair",
        "task": "affect_video",
        "target": "arousal",
        "data": {"prepared": str(folder), "batch_size": 4},
        "network": {"features": 8, "hidden_size": 4},
        "optimizer": {"learning_rate": 0.01, "schedule": {"name": "constant"}},
        "trainer": {"epochs": 2},
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-m", "emotion_train.cli", "fit", str(file)]
    states = []
    for processes in (1, 2):
        out = tmp_path / str(processes)
        subprocess.run(
            [*command, "--out", str(out), "--accelerator", "cpu", "--devices", str(processes)],
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
        )
        states.append(torch.load(out / "last.ckpt", weights_only=True)["state_dict"])
    one, two = states
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-3, msg=name)
