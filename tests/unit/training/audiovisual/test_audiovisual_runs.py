from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
import torch
from audiovisual_runs import ADAM, Write, load, step, train, weights
from killed_training import killed_in_step

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality
from emotion_train.corpora.errors import CorpusError
from emotion_train.curves import read_curves
from emotion_train.experiment import ExperimentError
from emotion_train.runs import load_run
from emotion_train.study.settings import Ablation, read_series
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule
from emotion_train.tasks.audiovisual.module import AudioVisualModule

pytestmark = pytest.mark.unit


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


NAMES = ("face", "voice", "words")
SUBSETS = [subset for count in (1, 2, 3) for subset in combinations(NAMES, count)]


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


def test_killed_run_goes_on_to_the_same_weights(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    file = write(
        prepared("crema-d"),
        augmentation={"noise": 0.5, "modality_dropout": 0.3},
        trainer={"epochs": 2},
    )
    whole = train(file, tmp_path / "whole")
    with killed_in_step(AudioVisualModule, 3):
        train(file, tmp_path / "broken")
    broken = weights(train(file, tmp_path / "broken", resume=True))
    for name, value in weights(whole).items():
        torch.testing.assert_close(broken[name], value, msg=name)


EXPERIMENTS = Path(__file__).parents[4] / "training" / "experiments"


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
