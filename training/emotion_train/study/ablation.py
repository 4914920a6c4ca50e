"""Running a recipe with one thing changed at a time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emotion_train.fit import fit
from emotion_train.study.settings import Ablation
from emotion_train.study.sweep import Runner
from emotion_train.tasks.registry import load_experiment

RESULT = "ablation.json"


@dataclass(frozen=True)
class VariantResult:
    """What one variant reached: its score with each seed."""

    name: str
    overrides: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.scores))

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the seeds; 0 with a single one."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else 0.0


def run_ablation(settings: Ablation, directory: Path, runner: Runner = fit) -> list[VariantResult]:
    """Run every variant with every seed.

    Runs that have finished before are not repeated.

    Args:
        settings: the variants.
        directory: gets a folder for each run and ``ablation.json``.
        runner: trains one experiment.
    """
    results = []
    for name, overrides in settings.variants.items():
        scores = []
        for seed in settings.seeds:
            run = directory / f"{name}-{seed}"
            finished = run / "score.json"
            if not finished.is_file():
                experiment, task = load_experiment(
                    settings.experiment, [*settings.overrides, *overrides, f"seed={seed}"]
                )
                score = runner(experiment, task, run).score
                run.mkdir(parents=True, exist_ok=True)
                finished.write_text(json.dumps(score), encoding="utf-8")
            scores.append(float(json.loads(finished.read_text(encoding="utf-8"))))
        results.append(VariantResult(name, overrides, tuple(scores)))
    rows = [
        asdict(result) | {"mean": result.mean, "deviation": result.deviation} for result in results
    ]
    (directory / RESULT).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return results
