from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from emotion_train.experiment import Experiment, ExperimentError
from emotion_train.fit import RunResult
from emotion_train.study.ablation import run_ablation
from emotion_train.study.settings import Ablation, Choice, Sweep, read_series
from emotion_train.study.sweep import run_sweep
from emotion_train.tasks.registry import Task, load_experiment

pytestmark = pytest.mark.unit

STUDIES = Path(__file__).parents[3] / "training" / "experiments" / "studies"


def write(path: Path, content: dict[str, object]) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def score_of(experiment: Experiment, task: Task, directory: Path) -> RunResult:
    """A made-up figure that is best at a learning rate of 0.01 and 40 epochs."""
    rate, epochs = experiment.optimizer.learning_rate, experiment.trainer.epochs
    return RunResult(directory, 1.0 - abs(rate - 0.01) - abs(epochs - 40) / 100)


GRID = {
    "name": "grid",
    "experiment": "tiny.yaml",
    "sampler": "grid",
    "space": {
        "optimizer.learning_rate": {"values": [0.1, 0.01]},
        "network.widths": {"values": [[8, 16], [4, 8]]},
        "trainer.epochs": {"values": [20, 40]},
    },
}


def test_grid_tries_every_combination_once(experiment_file: Path, tmp_path: Path) -> None:
    settings = read_series(write(tmp_path / "grid.yaml", GRID), Sweep)
    study = run_sweep(settings, tmp_path / "runs", runner=score_of)
    tried = {json.dumps(trial.params, sort_keys=True) for trial in study.trials}
    assert len(study.trials) == len(tried) == 8
    assert study.best_params["optimizer.learning_rate"] == "0.01"
    assert study.best_params["trainer.epochs"] == "40"
    assert len(json.loads((tmp_path / "runs" / "trials.json").read_text())) == 8


@pytest.mark.parametrize("sampler", ["random", "bayesian"])
def test_search_stops_at_its_number_and_goes_on_after_a_stop(
    experiment_file: Path, tmp_path: Path, sampler: str
) -> None:
    content = {
        **GRID,
        "sampler": sampler,
        "trials": 6,
        "space": {
            "optimizer.learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
            "trainer.epochs": {"low": 10, "high": 60, "integer": True},
        },
    }
    settings = read_series(write(tmp_path / "search.yaml", content), Sweep)
    calls = 0

    def stop_at_third(experiment: Experiment, task: Task, directory: Path) -> RunResult:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return score_of(experiment, task, directory)

    with pytest.raises(KeyboardInterrupt):
        run_sweep(settings, tmp_path / "runs", runner=stop_at_third)
    run_sweep(settings, tmp_path / "runs", runner=score_of)
    study = run_sweep(settings, tmp_path / "runs", runner=stop_at_third)
    finished = [trial for trial in study.trials if trial.value is not None]
    assert (len(finished), calls) == (6, 3)
    assert all(1e-4 <= trial.params["optimizer.learning_rate"] <= 0.1 for trial in finished)
    assert all(isinstance(trial.params["trainer.epochs"], int) for trial in finished)


def test_ablation_runs_variants_and_seeds_once(experiment_file: Path, tmp_path: Path) -> None:
    content = {
        "name": "ablation",
        "experiment": "tiny.yaml",
        "overrides": ["trainer.epochs=40"],
        "variants": {"recipe": [], "fast": ["optimizer.learning_rate=0.51"]},
        "seeds": [1, 2],
    }
    settings = read_series(write(tmp_path / "ablation.yaml", content), Ablation)
    seen: list[tuple[float, int]] = []

    def runner(experiment: Experiment, task: Task, directory: Path) -> RunResult:
        seen.append((experiment.optimizer.learning_rate, experiment.seed))
        result = score_of(experiment, task, directory)
        return RunResult(directory, result.score + 0.1 * experiment.seed)

    recipe, fast = run_ablation(settings, tmp_path / "runs", runner)
    assert seen == [(0.05, 1), (0.05, 2), (0.51, 1), (0.51, 2)]
    assert recipe.mean == pytest.approx(0.96 + 0.15)
    assert recipe.deviation == pytest.approx(0.1 / 2**0.5)
    assert fast.mean == pytest.approx(0.5 + 0.15)
    run_ablation(settings, tmp_path / "runs", runner)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sampler": "random"}, "needs a number of trials"),
        ({"space": {"seed": {"low": 1, "high": 2}}}, "a grid needs values"),
        ({"space": {"seed": {"low": 2, "high": 1}}}, "is not below"),
        ({"space": {}}, "space"),
        ({"name": "../up"}, "name"),
        ({"sampling": "grid"}, "sampling"),
    ],
)
def test_wrong_series_are_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        read_series(write(tmp_path / "bad.yaml", GRID | change), Sweep)


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_series_is_valid(path: Path) -> None:
    kind = Ablation if "variants:" in path.read_text(encoding="utf-8") else Sweep
    series = read_series(path, kind)
    assert series.name == path.stem
    load_experiment(series.experiment, series.overrides)
    if isinstance(series, Ablation):
        for overrides in series.variants.values():
            load_experiment(series.experiment, overrides)
    else:
        for key, part in series.space.items():
            value = part.values[0] if isinstance(part, Choice) else part.high
            load_experiment(series.experiment, [f"{key}={json.dumps(value)}"])


def test_missing_series(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="cannot read"):
        read_series(tmp_path / "nowhere.yaml", Sweep)
