from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
import yaml
from tiny_recordings import (
    PaintedFace,
    make_crema_d,
    make_meld,
    make_ravdess,
    make_semaine,
)

from emotion_core.affect import LABELS, Emotion
from emotion_core.fusion.evidence import Modality
from emotion_core.inference.expression import ExpressionModel
from emotion_core.inference.fusion import FusionModel
from emotion_core.inference.voice import VoiceModel
from emotion_core.resources import cache_directory, models_directory
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_train.checkpoints import CheckpointError, read_state
from emotion_train.corpora.catalogue import PREPARE
from emotion_train.corpora.cut_recordings import prepare_recordings
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.recording_clips import describe_recording_clip
from emotion_train.corpora.recordings import Recording, RecordingCorpus
from emotion_train.curves import read_curves
from emotion_train.experiment import ExperimentError
from emotion_train.export.audiovisual import export_audiovisual
from emotion_train.export.files import ExportError
from emotion_train.export.mtcnn import export_mtcnn
from emotion_train.fit import fit
from emotion_train.runs import load_run
from emotion_train.study.settings import Ablation, read_series
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule, RecordingDataset
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.audiovisual.splits import Piece
from emotion_train.tasks.audiovisual.words import SentenceFeatures
from emotion_train.tasks.fusion.bank import feature_rows
from emotion_train.tasks.registry import load_experiment

pytestmark = pytest.mark.unit

EXPERIMENTS = Path(__file__).parents[3] / "training" / "experiments"
NAMES = ("face", "voice", "words")
SUBSETS = [subset for count in (1, 2, 3) for subset in combinations(NAMES, count)]
NETWORK = {
    "face": {"widths": [8, 12], "depths": [1, 1]},
    "voice": {"widths": [4, 8], "depths": [1, 1]},
    "fusion": {"width": 6, "hidden_size": 8},
}
ADAM = {"name": "adamw", "learning_rate": 0.002, "schedule": {"name": "constant"}}
FRESH = {name: {"start": "reinitialised"} for name in ("face", "voice", "fusion")}


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


Write = Callable[..., Path]


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


def train(file: Path, directory: Path, *overrides: str, resume: bool = False) -> Path:
    experiment, task = load_experiment(file, overrides)
    fit(experiment, task, directory, resume=resume, accelerator="cpu", devices=1)
    return directory


def weights(directory: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return read_state(directory / f"{name}.ckpt")


def step(experiment: AudioVisualExperiment, steps: int = 2) -> AudioVisualModule:
    """Take a few optimiser steps and validate once, without the surroundings of a run."""
    lightning.seed_everything(experiment.seed, verbose=False)
    module = AudioVisualModule(experiment)
    module.load_parts()
    trainer = lightning.Trainer(
        max_epochs=1,
        limit_train_batches=steps,
        limit_val_batches=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    trainer.fit(module, datamodule=AudioVisualDataModule(experiment))
    assert all(value.isfinite() for value in trainer.callback_metrics.values())
    assert "val/score" in trainer.callback_metrics
    return module


def load(file: Path, *overrides: str) -> AudioVisualExperiment:
    experiment, _ = load_experiment(file, overrides)
    assert isinstance(experiment, AudioVisualExperiment)
    return experiment


def test_a_run_with_its_report(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    file = write(
        prepared("crema-d"),
        augmentation={"rotation_deg": 5, "flip": 0.5, "noise": 0.5, "modality_dropout": 0.3},
        trainer={"epochs": 2, "ema_decay": 0.9},
    )
    run = train(file, tmp_path / "run")
    curves = read_curves(run)
    assert len(curves) == 2
    for figure in ("train/loss", "val/uar", "val/accuracy", "val/feature_deviation"):
        assert figure in curves[-1]
    page = (run / "report.html").read_text(encoding="utf-8")
    for title in (
        "Validation recordings",
        "Confusion",
        "Weight of each modality",
        "Over time",
        "Predicted and true",
    ):
        assert f"<h2>{title}</h2>" in page
    experiment, _, module = load_run(run)
    assert isinstance(module, AudioVisualModule)
    data = AudioVisualDataModule(experiment)  # type: ignore[arg-type]
    assert not {p.clip.speaker for p in data.train.pieces} & {
        p.clip.speaker for p in data.valid.pieces
    }
    batch = data.valid[torch.tensor([0, 1])]
    with torch.no_grad():
        output = module(batch)
    assert output.logits.shape == (*batch.inside.shape, len(LABELS))
    # Words are known only when they have been said; what is missing has no weight.
    assert not batch.presence[:, :5, Modality.WORDS].any()
    assert batch.presence[:, -1, Modality.WORDS].all()
    assert (output.weights[batch.presence == 0] == 0).all()
    present = batch.presence.any(dim=2)
    assert output.weights[present].sum(dim=1).numpy() == pytest.approx(1.0, abs=1e-5)


def test_exported_models_say_what_the_run_says(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    run = train(write(prepared("crema-d")), tmp_path / "run")
    files = export_audiovisual(run, tmp_path / "models")
    face, voice = ExpressionModel(files[0].graph), VoiceModel(files[1].graph)
    fusion = FusionModel(files[2].graph)
    assert voice.window_seconds == 1.5
    experiment, _, module = load_run(run)
    batch = AudioVisualDataModule(experiment).valid[torch.tensor([0])]  # type: ignore[arg-type]
    with torch.no_grad():
        output = module(batch)
    probabilities = (output.logits[0] / files[2].temperature).softmax(dim=1).numpy()
    faces = feature_rows(face.predict(batch.crops.numpy()))
    voices = feature_rows(voice.predict(batch.windows.numpy()))
    memory = fusion.blank()
    for step, presence in enumerate(batch.presence[0].numpy()):
        # A missing modality may hold anything, here the newest of the others.
        features = [
            faces[[int(batch.crop_at[0, step])]],
            voices[[int(batch.window_at[0, step])]],
            batch.words[0, [step]].numpy(),
        ]
        scores = fusion.step(features, presence[None], memory)
        memory = scores.memory
        # The export rounds kernels to half precision.
        np.testing.assert_allclose(scores.probabilities[0], probabilities[step], atol=5e-3)


@pytest.mark.parametrize(
    ("corpus", "override", "reason"),
    [
        ("crema-d", "data.modalities=[face, voice]", "trained on face, voice alone"),
        ("semaine", "trainer.epochs=1", "trained without emotions"),
    ],
)
def test_a_run_that_the_robot_cannot_use_is_not_exported(
    prepared: Callable[[str], Path],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    corpus: str,
    override: str,
    reason: str,
) -> None:
    experiment = load(write(prepared(corpus)), override)
    monkeypatch.setattr(
        "emotion_train.export.audiovisual.load_run",
        lambda *_: (experiment, None, AudioVisualModule(experiment)),
    )
    with pytest.raises(ExportError, match=reason):
        export_audiovisual(tmp_path / "run", tmp_path / "models")


def test_semaine_learns_ratings(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    file = write(
        prepared("semaine"),
        data={
            "corpora": [{"prepared": str(prepared("semaine"))}],
            "modalities": ["face", "voice"],
            "segment": 2.0,
            "voice_window": 1.5,
            "batch_size": 2,
        },
        optimizer={**ADAM, "learning_rate": 0.02},
        trainer={"epochs": 6},
    )
    run = train(file, tmp_path / "run")
    curves = read_curves(run)
    assert "val/uar" not in curves[-1]
    assert curves[-1]["train/loss_concordance"] < curves[0]["train/loss_concordance"]
    assert curves[-1]["val/score"] == pytest.approx(
        (curves[-1]["val/concordance_valence"] + curves[-1]["val/concordance_arousal"]) / 2,
        abs=1e-4,
    )
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "concordance of valence" in page
    assert "<h2>Confusion</h2>" not in page


@pytest.mark.parametrize("corpus", ["ravdess", "meld"])
def test_steps_on_corpora_with_their_own_splits(
    prepared: Callable[[str], Path], write: Write, corpus: str
) -> None:
    experiment = load(write(prepared(corpus)))
    step(experiment)
    data = AudioVisualDataModule(experiment)
    assert {piece.clip.split for piece in data.valid.pieces} == {"valid"}


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_every_subset_of_modalities(
    prepared: Callable[[str], Path], write: Write, subset: tuple[str, ...]
) -> None:
    experiment = load(write(prepared("crema-d")), f"data.modalities=[{', '.join(subset)}]")
    module = step(experiment, steps=1)
    assert (module.network.face is not None) == ("face" in subset)
    assert (module.network.voice is not None) == ("voice" in subset)
    batch = AudioVisualDataModule(experiment).train[torch.arange(2)]
    there = {m.name.lower() for m in Modality if batch.presence[..., m].any()}
    assert there == set(subset)


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


class KilledError(RuntimeError):
    pass


def test_killed_run_goes_on_to_the_same_weights(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        prepared("crema-d"),
        augmentation={"noise": 0.5, "modality_dropout": 0.3},
        trainer={"epochs": 2},
    )
    whole = train(file, tmp_path / "whole")
    original = AudioVisualModule.training_step
    steps = 0

    def step_until_killed(self: AudioVisualModule, batch: object) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KilledError
        return original(self, batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(AudioVisualModule, "training_step", step_until_killed)
        with pytest.raises(KilledError):
            train(file, tmp_path / "broken")
    broken = weights(train(file, tmp_path / "broken", resume=True))
    for name, value in weights(whole).items():
        torch.testing.assert_close(broken[name], value, msg=name)


def test_unusable_settings_and_folders(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    file = write(prepared("semaine"))
    for override, message in (
        ("data.modalities=[]", "at least one modality"),
        ("data.modalities=[face, face]", "each once"),
        ("data.corpora=[]", "at least 1 item"),
        ("branches.face.start=melted", "'frozen', 'fine_tuned' or 'reinitialised'"),
    ):
        with pytest.raises(ExperimentError, match=message):
            load(file, override)
    with pytest.raises(CorpusError, match="no prepared recordings"):
        AudioVisualDataModule(load(write(tmp_path / "empty", "empty")))
    with pytest.raises(ExperimentError, match="without an emotion cannot be balanced"):
        AudioVisualDataModule(load(file, "data.sampler=balanced"))
    with pytest.raises(ExperimentError, match="features of the size 137"):
        AudioVisualDataModule(load(file, "network.fusion.words_size=5"))


def test_published_experiments_and_studies_are_valid() -> None:
    for name in ("audiovisual", "audiovisual_face_first", "audiovisual_semaine"):
        load(EXPERIMENTS / f"{name}.yaml")
    for name in ("audiovisual_modalities", "audiovisual_starts"):
        study = read_series(EXPERIMENTS / "studies" / f"{name}.yaml", Ablation)
        for overrides in study.variants.values():
            load(study.experiment, *study.overrides, *overrides)
