from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from audiovisual_runs import ADAM, FRESH, NETWORK, Write, load, step, train, weights

from emotion_core.affect import LABELS, Emotion
from emotion_core.resources import cache_directory, models_directory
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_train.checkpoints import CheckpointError, read_state
from emotion_train.corpora.cut_recordings import prepare_recordings
from emotion_train.corpora.recording_clips import describe_recording_clip
from emotion_train.corpora.recordings import Recording, RecordingCorpus
from emotion_train.export.mtcnn import export_mtcnn
from emotion_train.tasks.audiovisual.data import RecordingDataset
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.splits import Piece
from emotion_train.tasks.audiovisual.words import SentenceFeatures

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def first_stage(
    prepared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """An experiment file of the second stage and the run of the first, on faces alone."""
    directory = tmp_path_factory.mktemp("stages")
    content = {
        "name": "first",
        "task": "audiovisual",
        "data": {
            "corpora": [{"prepared": str(prepared("crema-d"))}],
            "modalities": ["face"],
            "batch_size": 2,
        },
        "network": NETWORK,
        "branches": FRESH,
        "optimizer": {**ADAM, "learning_rate": 0.01},
        "trainer": {"epochs": 1},
    }
    file = directory / "first.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    run = train(file, directory / "first")
    content["name"] = "second"
    content["data"] = {
        "corpora": [{"prepared": str(prepared("semaine"))}],
        "modalities": ["face", "voice"],
        "segment": 2.0,
        "voice_window": 1.5,
        "batch_size": 2,
    }
    content["branches"] = {**FRESH, "face": {"start": "fine_tuned", "weights": str(run)}}
    file = directory / "second.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file, run


def face_state(module: AudioVisualModule) -> dict[str, torch.Tensor]:
    assert module.network.face is not None
    return {f"network.face.{name}": v for name, v in module.network.face.state_dict().items()}


def test_frozen_fine_tuned_and_reinitialised_face(first_stage: tuple[Path, Path]) -> None:
    file, run = first_stage
    trained = {k: v for k, v in weights(run, "best").items() if k.startswith("network.face.")}
    changes = {}
    for start in ("frozen", "fine_tuned", "reinitialised"):
        now = face_state(step(load(file, f"branches.face.start={start}")))
        assert now.keys() == trained.keys()
        name = "network.face.stem.1.weight"
        changes[start] = float((now[name] - trained[name]).abs().max())
        if start == "frozen":
            # Weights and the statistics of normalisation.
            assert all(torch.equal(now[key], value) for key, value in trained.items())
    assert 0 == changes["frozen"] < changes["fine_tuned"] < changes["reinitialised"]


def test_frozen_part_stays_in_a_run_with_averaged_weights(
    first_stage: tuple[Path, Path], tmp_path: Path
) -> None:
    file, run = first_stage
    done = train(file, tmp_path / "run", "branches.face.start=frozen", "trainer.ema_decay=0.99")
    trained, now = weights(run, "best"), weights(done, "best")
    for name in (name for name in now if name.startswith("network.face.")):
        torch.testing.assert_close(now[name], trained[name], msg=name)
    assert not torch.equal(now["network.fusion.logits.weight"], torch.zeros(7, 8))


def test_the_shipped_models_are_the_default_start(
    prepared: Callable[[str], Path], write: Write
) -> None:
    frozen = {name: {"start": "frozen"} for name in ("face", "voice")}
    experiment = load(write(prepared("crema-d"), network={}, branches=frozen))
    module = AudioVisualModule(experiment)
    module.load_parts()
    for name in ("face", "voice"):
        shipped = read_state(models_directory() / f"{name}.safetensors")
        branch = module.network.get_submodule(name).state_dict()
        assert all(
            torch.equal(branch[key], value.to(branch[key])) for key, value in shipped.items()
        )


def test_the_shipped_parts_understand_a_real_recording(
    clip: Path, write: Write, tmp_path: Path
) -> None:
    networks = cache_directory() / "mtcnn"
    export_mtcnn(networks)
    recording = Recording("clip", "a", clip, clip, (), Emotion.HAPPY, split="valid")
    corpus = RecordingCorpus("clip", (recording,))
    (file,) = prepare_recordings(tmp_path, corpus, tmp_path / "out", MtcnnDetector(networks)).files
    frozen = {name: {"start": "frozen"} for name in ("face", "voice", "fusion")}
    experiment = load(write(tmp_path / "out", network={}, branches=frozen))
    module = AudioVisualModule(experiment).eval()
    module.load_parts()
    described = describe_recording_clip(file)
    piece = Piece(described, 0, described.steps)
    batch = RecordingDataset([piece], experiment.data, SentenceFeatures(()))[torch.tensor([0])]
    with torch.no_grad():
        labels = module(batch).logits[0].argmax(dim=1).numpy()
    # The same woman, sad to 6 s and happy from 10 s on.
    assert (labels[10:55] == LABELS.index("sad")).mean() > 0.5
    assert (labels[110:190] == LABELS.index("happy")).mean() > 0.8


def test_start_that_does_not_fit_is_refused(first_stage: tuple[Path, Path], tmp_path: Path) -> None:
    file, _ = first_stage
    module = AudioVisualModule(load(file, "network.face.widths=[8, 10]"))
    with pytest.raises(CheckpointError, match="of another architecture"):
        module.load_parts()
    module = AudioVisualModule(load(file, "branches.face.weights=null"))
    with pytest.raises(CheckpointError, match=r"face\.safetensors is of another architecture"):
        module.load_parts()
    module = AudioVisualModule(load(file, f"branches.face.weights={tmp_path / 'gone'}"))
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        module.load_parts()
