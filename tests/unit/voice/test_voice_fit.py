from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from emotion_core.affect import LABELS
from emotion_core.inference.voice import VoiceModel
from emotion_train.cli import app
from emotion_train.corpora.errors import CorpusError
from emotion_train.evaluation.voice import evaluate_voice
from emotion_train.export.voice import VoiceGraph
from emotion_train.runs import load_run
from emotion_train.tasks.voice.module import VoiceModule

pytestmark = [pytest.mark.unit, pytest.mark.slow]

EXPERIMENT = {
    "name": "learn",
    "task": "voice",
    "data": {"batch_size": 16, "repeats": 2},
    "network": {"widths": [8, 16], "depths": [1, 1]},
    "augmentation": {
        "window_seconds": [1.0, 1.4],
        "noise": 0.3,
        "reverberation": 0.3,
        "band_limit": 0.2,
        "equaliser_db": 3.0,
        "vocal_tract": 1.05,
        "tempo": 1.1,
        "time_masks": 1,
        "band_masks": 1,
        "mixup": 0.2,
        "mix_probability": 0.5,
    },
    "objective": {"label_smoothing": 0.1, "valence_arousal": 0.5},
    "optimizer": {"name": "adamw", "learning_rate": 0.01},
    "trainer": {"epochs": 8, "ema_decay": 0.8},
}


def write_experiment(path: Path, voices: Path, held_actor: int = 20) -> Path:
    corpora = [
        {"dataset": "ravdess", "path": str(voices / "ravdess"), "valid_speakers": [held_actor]},
        {"dataset": "emodb", "path": str(voices / "emodb"), "valid_speakers": [15]},
    ]
    content = {**EXPERIMENT, "data": {**EXPERIMENT["data"], "corpora": corpora}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(voice_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that has learnt the made-up voices."""
    directory = tmp_path_factory.mktemp("voice_run")
    file = write_experiment(directory / "learn.yaml", voice_folder)
    result = CliRunner().invoke(
        app, ["fit", str(file), "--out", str(directory / "run"), "--accelerator", "cpu"]
    )
    assert result.exit_code == 0, result.output
    return directory / "run"


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    result = CliRunner().invoke(app, ["export", "voice", str(run), "--out", str(directory)])
    assert result.exit_code == 0, result.output
    return directory / "voice.onnx"


def test_unseen_speakers_are_understood(exported: Path, voice_folder: Path) -> None:
    model = VoiceModel(exported)
    for dataset, speaker in (("ravdess", 20), ("emodb", 15)):
        evaluation = evaluate_voice(model, voice_folder / dataset, dataset, speakers=[speaker])
        assert evaluation.speakers == (speaker,)
        assert evaluation.uar > 0.6


def test_the_graph_equals_the_network(run: Path, exported: Path) -> None:
    module = load_run(run)[2]
    assert isinstance(module, VoiceModule)
    model = VoiceModel(exported)
    random = np.random.default_rng(0)
    # Kernels are exported at half precision.
    for parameter in module.network.parameters():
        if parameter.ndim > 1:
            parameter.data = parameter.data.half().float()
    graph = VoiceGraph(module.network, float(model.metadata["temperature"])).eval()
    for seconds in (1.0, 1.37):
        waveforms = random.standard_normal((3, round(seconds * 16_000))).astype(np.float32)
        waveforms /= np.abs(waveforms).max(axis=1, keepdims=True)
        silence = round(model.window_seconds * model.sample_rate) - waveforms.shape[1]
        filled = np.pad(waveforms, ((0, 0), (silence, 0)))
        with torch.no_grad():
            expected = graph(torch.from_numpy(filled))
        scores = model.predict(waveforms)
        np.testing.assert_allclose(scores.probabilities, expected[0], atol=1e-4)
        np.testing.assert_allclose(scores.valence_arousal, expected[1], atol=1e-4)
        np.testing.assert_allclose(scores.embedding, expected[2], atol=1e-3)


def test_the_command_writes_the_figures(exported: Path, voice_folder: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    arguments = ["evaluate", "voice", "--data", str(voice_folder / "emodb"), "--dataset", "emodb"]
    arguments += ["--weights", str(exported), "--split", "test", "--json", str(figures)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    clean = json.loads(figures.read_text(encoding="utf-8"))
    assert clean["n"] == 12
    assert clean["speakers"] == [15]
    assert 0.0 <= clean["accuracy"] <= 1.0
    assert list(clean["per_class"]) == list(LABELS)
    recalls = [row["recall"] for row in clean["per_class"].values() if row["support"]]
    # EmoDB has no surprise: the mean is over six classes.
    assert len(recalls) == 6
    assert clean["uar"] == pytest.approx(np.mean(recalls))
    CliRunner().invoke(app, [*arguments, "--snr", "0"])
    noisy = json.loads(figures.read_text(encoding="utf-8"))
    assert noisy["noise"] == {"snr_db": 0.0, "colour": "white", "seed": 0}
    assert noisy["ece"] != clean["ece"]
    CliRunner().invoke(app, [*arguments, "--snr", "0"])
    assert json.loads(figures.read_text(encoding="utf-8")) == noisy


def test_wrong_requests_say_what_is_there(exported: Path, voice_folder: Path) -> None:
    model = VoiceModel(exported)
    with pytest.raises(CorpusError, match="ravdess, emodb"):
        evaluate_voice(model, voice_folder, "crema")
    with pytest.raises(CorpusError, match="all, train, test"):
        evaluate_voice(model, voice_folder / "emodb", "emodb", split="valid")
    with pytest.raises(CorpusError, match="21"):
        evaluate_voice(model, voice_folder / "ravdess", "ravdess", split="test")


def test_a_held_speaker_that_is_missing_stops_the_run(voice_folder: Path, tmp_path: Path) -> None:
    file = write_experiment(tmp_path / "held.yaml", voice_folder, held_actor=19)
    result = CliRunner().invoke(app, ["fit", str(file), "--out", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert "lacks the speakers [19]" in result.output
