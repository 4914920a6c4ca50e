from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emotion_train.cli import app

pytestmark = pytest.mark.unit


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_evaluate_writes_the_figures(face_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "figures.json"
    code, _ = invoke("evaluate", "face", "--data", face_folder, "--json", out)
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert code == 0
    assert figures.keys() >= {"accuracy", "macro_f1", "ece", "per_class", "n"}
    assert figures["n"] == 28
    assert len(figures["per_class"]) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "nowhere.yaml"], "cannot read the experiment nowhere.yaml"),
        (["sweep", "nowhere.yaml"], "cannot read nowhere.yaml"),
        (["ablate", "nowhere.yaml"], "cannot read nowhere.yaml"),
        (["evaluate", "face", "--data", "nowhere", "--json", "x.json"], "no split 'valid'"),
        (
            ["evaluate", "face", "--data", ".", "--json", "x.json", "--weights", "no.onnx"],
            "no face model at no.onnx",
        ),
        (["export", "face", "nowhere"], "cannot read the experiment"),
        (["explain", "nowhere.png", "--out", "out", "--weights", "no.safetensors"], "no.safetens"),
    ],
)
def test_faults_end_with_a_message_and_status_one(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = invoke(*arguments)
    assert code == 1
    assert message in output
    assert "Traceback" not in output
