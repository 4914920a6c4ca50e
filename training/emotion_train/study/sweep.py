"""Searching for settings with Optuna."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from emotion_train.experiment import Experiment
from emotion_train.fit import RunResult, fit
from emotion_train.study.settings import Choice, Sweep
from emotion_train.tasks.registry import Task, load_experiment

Runner = Callable[[Experiment, Task, Path], RunResult]


def run_sweep(
    settings: Sweep, directory: Path, storage: str | None = None, runner: Runner = fit
) -> optuna.Study:
    """Run the trials that are still missing.

    Several workers, on one machine or many, share the trials when they are started with the same
    storage; a sweep that was stopped goes on where it was.

    Args:
        settings: the search.
        directory: gets a folder for each trial and ``trials.json``.
        storage: address of Optuna's database; by default a file in ``directory``.
        runner: trains one experiment.

    Returns:
        The study with all finished trials.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _, task = load_experiment(settings.experiment, settings.overrides)
    study = optuna.create_study(
        study_name=settings.name,
        storage=storage or f"sqlite:///{directory / 'study.db'}",
        sampler=_sampler(settings),
        direction="maximize" if task.mode == "max" else "minimize",
        load_if_exists=True,
    )

    def objective(trial: optuna.Trial) -> float:
        chosen = [f"{key}={json.dumps(_suggest(trial, key, settings))}" for key in settings.space]
        experiment, task = load_experiment(settings.experiment, [*settings.overrides, *chosen])
        return runner(experiment, task, directory / f"trial-{trial.number:04d}").score

    wanted = settings.trials
    callbacks = [MaxTrialsCallback(wanted, states=(TrialState.COMPLETE,))] if wanted else []
    if wanted is None or len(study.get_trials(states=(TrialState.COMPLETE,))) < wanted:
        study.optimize(objective, callbacks=callbacks, show_progress_bar=False)
    rows = [
        {"trial": trial.number, "score": trial.value, "settings": trial.params}
        for trial in study.get_trials(states=(TrialState.COMPLETE,))
    ]
    (directory / "trials.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return study


def _sampler(settings: Sweep) -> optuna.samplers.BaseSampler:
    if settings.sampler == "grid":
        space = {
            key: [json.dumps(value) for value in part.values]
            for key, part in settings.space.items()
            if isinstance(part, Choice)
        }
        return optuna.samplers.GridSampler(space, seed=settings.seed)
    if settings.sampler == "random":
        return optuna.samplers.RandomSampler(seed=settings.seed)
    return optuna.samplers.TPESampler(seed=settings.seed)


def _suggest(trial: optuna.Trial, key: str, settings: Sweep) -> object:
    part = settings.space[key]
    if isinstance(part, Choice):
        # Optuna keeps plain values only, a setting may be a list: hence its JSON text.
        text = trial.suggest_categorical(key, [json.dumps(value) for value in part.values])
        return json.loads(text)
    if part.integer:
        return trial.suggest_int(key, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(key, part.low, part.high, log=part.log)
