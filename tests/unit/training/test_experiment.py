from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from emotion_train.experiment import ExperimentError, code_version, write_settings
from emotion_train.tasks.face.settings import FaceExperiment
from emotion_train.tasks.registry import load_experiment

pytestmark = pytest.mark.unit

EXPERIMENTS = Path(__file__).parents[3] / "training" / "experiments"


RECIPES = sorted(path for path in EXPERIMENTS.glob("**/*.yaml") if path.parent.name != "studies")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_experiment_is_valid(path: Path) -> None:
    experiment, _ = load_experiment(path)
    assert experiment.name == path.stem


def test_overrides_replace_nested_values(experiment_file: Path) -> None:
    experiment, _ = load_experiment(
        experiment_file, ["trainer.epochs=7", "network.widths=[4, 8]", "data.limit=null"]
    )
    assert isinstance(experiment, FaceExperiment)
    assert experiment.trainer.epochs == 7
    assert experiment.network.widths == (4, 8)
    assert experiment.data.limit is None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.epochs=0", "trainer.epochs"),
        ("trainer.epoch=3", "trainer.epoch: Extra"),
        ("objective.label_smoothing=1.5", "objective.label_smoothing"),
        ("network.name=perceptron", "network"),
        ("trainer.epochs", "not of the form key=value"),
        ("name.first=1", "has no parts"),
        ("data.limit=[1", "no valid value"),
        ("task=dance", "task 'dance' is none of"),
        ("name=../../escape", "name"),
    ],
)
def test_wrong_settings_are_named(experiment_file: Path, override: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        load_experiment(experiment_file, [override])


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "a: [", "!!python/object:os.system {}"])
def test_files_that_are_no_experiment(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"bad\.yaml"):
        load_experiment(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="cannot read"):
        load_experiment(tmp_path / "nowhere.yaml")


def test_resolved_file_reads_back_the_same(experiment_file: Path, tmp_path: Path) -> None:
    experiment, _ = load_experiment(experiment_file, ["trainer.epochs=9"])
    resolved = tmp_path / "resolved.yaml"
    write_settings(experiment, resolved)
    assert load_experiment(resolved)[0] == experiment
    assert yaml.safe_load(resolved.read_text(encoding="utf-8"))["trainer"]["patience"] == 0


def test_code_version_is_a_commit() -> None:
    assert len(code_version().partition("+")[0]) in {len("unknown"), 40}
