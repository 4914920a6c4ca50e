from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import yaml
from killed_training import killed_in_step
from typer.testing import CliRunner

from emotion_core.inference.expression import ExpressionModel
from emotion_train.checkpoints import CheckpointError, load_weights
from emotion_train.cli import app
from emotion_train.curves import read_curves
from emotion_train.errors import TrainingError
from emotion_train.evaluation.face import ExportedFace, evaluate_face
from emotion_train.experiment import ExperimentError
from emotion_train.export.face import export_face
from emotion_train.export.files import describe_model
from emotion_train.fit import fit
from emotion_train.report.comparison import compare_run
from emotion_train.runs import load_run
from emotion_train.tasks.face.module import FaceModule, predicted_logits
from emotion_train.tasks.registry import load_experiment

pytestmark = [pytest.mark.unit, pytest.mark.slow]


def train(file: Path, directory: Path, *overrides: str, resume: bool = False) -> Path:
    experiment, task = load_experiment(file, overrides)
    return fit(experiment, task, directory, resume=resume, accelerator="cpu", devices=1).checkpoint


def weights(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


@pytest.fixture(scope="module")
def run(face_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that has learnt the made-up faces."""
    directory = tmp_path_factory.mktemp("run")
    file = directory / "learn.yaml"
    content = {
        "name": "learn",
        "task": "face",
        "data": {
            "path": str(face_folder),
            "votes": str(face_folder / "votes.csv"),
            "batch_size": 14,
        },
        "network": {"name": "expression_net", "widths": [16, 32], "depths": [1, 1]},
        "objective": {"votes": 0.5, "valence_arousal": 0.5, "votes_in_prediction": 0.25},
        "optimizer": {"name": "adam", "learning_rate": 0.01, "schedule": {"name": "constant"}},
        "trainer": {"epochs": 20},
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    train(file, directory / "run")
    return directory / "run"


def test_it_learns(run: Path) -> None:
    assert max(row["val/accuracy"] for row in read_curves(run)) > 0.8


def test_provenance_is_kept(run: Path) -> None:
    provenance = json.loads((run / "provenance.json").read_text(encoding="utf-8"))
    assert len(provenance["data_sha256"]) == 64
    assert provenance["seed"] == 0
    assert load_experiment(run / "experiment.yaml")[0].name == "learn"


def test_report_is_one_file_with_every_part(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    for title in ("Curves", "Confusion", "Calibration", "Gradients", "Right and sure"):
        assert f"<h2>{title}</h2>" in page
    assert page.count("data:image/png;base64,") >= 6
    assert 'src="http' not in page


def made_up_crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48)).astype(np.uint8)


def test_exported_graph_agrees_with_torch(run: Path, face_folder: Path, tmp_path: Path) -> None:
    exported = export_face(run, tmp_path, quantised=False)
    model = ExpressionModel(exported.graph)
    assert float(model.metadata["temperature"]) == exported.temperature
    _, _, module = load_run(run)
    assert isinstance(module, FaceModule)
    crops = made_up_crops(9)
    pixels = torch.from_numpy(crops).unsqueeze(1).float() / 255
    with torch.no_grad():
        seen = [module(pixels), module(pixels.flip(3))]
    logits = torch.stack([predicted_logits(output, 0.25) for output in seen]).mean(0)
    affect = torch.stack([output.valence_arousal for output in seen]).mean(0)
    scores = model.predict(crops)
    # The export rounds the kernels to half precision, hence the tolerance.
    expected = (logits / exported.temperature).softmax(1).numpy()
    np.testing.assert_allclose(scores.probabilities, expected, atol=5e-3)
    np.testing.assert_allclose(scores.valence_arousal, affect.numpy(), atol=5e-3)
    np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)
    again, votes = model.predict_with_votes(crops)
    np.testing.assert_array_equal(again.probabilities, scores.probabilities)
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-5)
    for crop, row in zip(crops, scores.probabilities, strict=True):
        np.testing.assert_allclose(model.predict(crop[None]).probabilities[0], row, atol=1e-5)
    mirrored = model.predict(np.ascontiguousarray(crops[..., ::-1]))
    np.testing.assert_allclose(mirrored.probabilities, scores.probabilities, atol=1e-5)
    evaluation = evaluate_face(ExportedFace(model), face_folder, "valid", face_folder / "votes.csv")
    assert evaluation.label.accuracy > 0.8
    assert evaluation.majority is not None
    assert evaluation.majority.accuracy > 0.8
    assert evaluation.majority.n < evaluation.label.n == 28
    assert json.loads(json.dumps(evaluation.report()))["n"] == 28


def test_an_exported_model_tells_nothing_of_the_computer(run: Path) -> None:
    experiment, _ = load_experiment(run / "experiment.yaml", [f"start.weights={run}/best.ckpt"])
    described = describe_model(experiment, 1.0)["experiment"]
    assert str(run.parent) not in described
    assert json.loads(described)["start"]["weights"] == "run/best.ckpt"


def kernel_types(path: Path) -> set[int]:
    kernels = (tensor for tensor in onnx.load(path).graph.initializer if len(tensor.dims) == 4)
    return {kernel.data_type for kernel in kernels}


def test_int8_says_nearly_the_same(run: Path, tmp_path: Path) -> None:
    small = export_face(run, tmp_path / "int8").graph
    large = export_face(run, tmp_path / "float", quantised=False).graph
    # The first convolution keeps its precision.
    assert kernel_types(small) == {onnx.TensorProto.INT8, onnx.TensorProto.FLOAT}
    assert kernel_types(large) == {onnx.TensorProto.FLOAT}
    crops = made_up_crops(64)
    ours, theirs = (ExpressionModel(path).predict(crops).probabilities for path in (small, large))
    assert np.abs(ours - theirs).mean() < 0.02
    # Ranges are those of the calibration, so a face's scores do not depend on its neighbours.
    np.testing.assert_allclose(
        ExpressionModel(small).predict(crops[:1]).probabilities, ours[:1], atol=1e-5
    )


def test_start_from_trained_weights(run: Path, tmp_path: Path) -> None:
    exported = export_face(run, tmp_path)
    resolved = run / "experiment.yaml"
    options = ["trainer.epochs=1", "optimizer.learning_rate=1.0e-9"]
    for source in (run / "best.ckpt", exported.weights):
        directory = tmp_path / source.suffix
        train(resolved, directory, *options, f"start.weights={source}")
        assert read_curves(directory)[0]["val/accuracy"] > 0.8
    train(resolved, tmp_path / "fresh", *options)
    assert read_curves(tmp_path / "fresh")[0]["val/accuracy"] < 0.5


def test_frozen_start_trains_the_heads_alone(run: Path, tmp_path: Path) -> None:
    train(
        run / "experiment.yaml",
        tmp_path,
        "trainer.epochs=1",
        f"start.weights={run / 'best.ckpt'}",
        "start.frozen=true",
    )
    before, after = weights(run / "best.ckpt"), weights(tmp_path / "last.ckpt")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all("_head." in name for name in changed)


def test_damaged_start_is_refused(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"weights\.safetensors holds no readable"):
        train(run / "experiment.yaml", tmp_path / "run", f"start.weights={path}")


def test_same_seed_same_weights(experiment_file: Path, tmp_path: Path) -> None:
    first, second, other = (
        weights(train(experiment_file, tmp_path / name, "trainer.epochs=1", f"seed={seed}"))
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_killed_run_resumes_to_the_same_read_curves(experiment_file: Path, tmp_path: Path) -> None:
    train(experiment_file, tmp_path / "whole")
    with killed_in_step(FaceModule, 5):
        train(experiment_file, tmp_path / "broken")
    train(experiment_file, tmp_path / "broken", resume=True)
    whole, broken = (
        weights(tmp_path / "whole" / "last.ckpt"),
        weights(tmp_path / "broken" / "last.ckpt"),
    )
    for name, tensor in whole.items():
        torch.testing.assert_close(broken[name], tensor, msg=name)
    assert [row["epoch"] for row in read_curves(tmp_path / "broken")] == [0, 1, 2]
    curves = map(read_curves, (tmp_path / "broken", tmp_path / "whole"))
    for resumed, unbroken in zip(*curves, strict=True):
        assert resumed == pytest.approx(unbroken, rel=1e-4)


def test_a_finished_run_is_not_overwritten(run: Path) -> None:
    with pytest.raises(ExperimentError, match="holds a run already"):
        train(run / "experiment.yaml", run)


def test_resuming_with_other_settings_is_refused(run: Path) -> None:
    with pytest.raises(ExperimentError, match=r"other settings \(optimizer\)"):
        train(run / "experiment.yaml", run, "optimizer.learning_rate=0.5", resume=True)


def test_checkpoint_of_another_architecture_is_refused(run: Path, experiment_file: Path) -> None:
    experiment, task = load_experiment(experiment_file)
    with pytest.raises(CheckpointError, match=r"best\.ckpt is of another architecture"):
        load_weights(task.module(experiment), run / "best.ckpt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_damaged_checkpoint_is_refused(
    experiment_file: Path, tmp_path: Path, content: bytes
) -> None:
    experiment, task = load_experiment(experiment_file)
    path = tmp_path / "best.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"best\.ckpt"):
        load_weights(task.module(experiment), path)


def test_early_stop(experiment_file: Path, tmp_path: Path) -> None:
    train(
        experiment_file,
        tmp_path / "run",
        "trainer.epochs=30",
        "trainer.patience=1",
        "optimizer.learning_rate=1.0e-9",
        "trainer.ema_decay=0",
    )
    assert len(read_curves(tmp_path / "run")) < 10


def test_runs_can_be_compared_with_one_another(
    run: Path, experiment_file: Path, tmp_path: Path
) -> None:
    train(experiment_file, tmp_path / "other")
    picture = tmp_path / "deep" / "curves.png"
    arguments = ["compare", str(run), str(tmp_path / "other"), "--out", str(picture)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    best = max(row["val/accuracy"] for row in read_curves(run))
    assert f"{best:.4f}" in result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_no_run_has_is_named_with_those_it_has(run: Path) -> None:
    with pytest.raises(TrainingError, match=r"has no figure 'val/uar'; it has .*val/accuracy"):
        compare_run(run, "val/uar")


def test_a_run_is_evaluated_without_being_exported(
    run: Path, face_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    options = ["--data", str(face_folder), "--weights", str(run), "--json", str(out)]
    votes = ["--votes", str(face_folder / "votes.csv")]
    result = CliRunner().invoke(app, ["evaluate", "face", *options, *votes])
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text(encoding="utf-8"))
    best = max(row["val/accuracy"] for row in read_curves(run))
    assert figures["accuracy"] == pytest.approx(best, abs=1e-6)
    assert figures["votes"]["n"] < figures["n"]
