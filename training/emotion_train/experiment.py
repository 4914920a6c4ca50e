"""The experiment file: what one training run is made of, checked before anything starts."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from emotion_train.errors import TrainingError

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseModel):
    """Base of every part of an experiment: unknown names are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OneCycle(Settings):
    """One-cycle learning rate (Smith & Topin, 2018), cosine on both sides."""

    name: Literal["one_cycle"] = "one_cycle"
    warm_up: Fraction = 0.2
    """Share of the run in which the rate rises."""


class ReduceOnPlateau(Settings):
    """Divide the learning rate when validation loss stops falling."""

    name: Literal["plateau"] = "plateau"
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    patience: NonNegativeInt = 5
    """Epochs without progress before the rate falls."""


class Constant(Settings):
    """The learning rate stays."""

    name: Literal["constant"] = "constant"


Schedule = Annotated[OneCycle | ReduceOnPlateau | Constant, Field(discriminator="name")]


class OptimizerSettings(Settings):
    """How the weights follow the gradient."""

    name: Literal["sgd", "adam", "adamw", "rmsprop"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.1
    """Peak rate."""
    momentum: Fraction = 0.9
    nesterov: bool = True
    weight_decay: NonNegativeFloat = 5e-4
    """Not applied to biases and normalisation."""
    schedule: Schedule = OneCycle()


class TrainerSettings(Settings):
    """How long and in which arithmetic the run goes."""

    epochs: PositiveInt = 30
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    ema_decay: Fraction = 0.0
    """Of the moving average of weights that is validated and kept; 0 keeps the weights."""
    patience: NonNegativeInt = 0
    """Epochs without progress of the monitored figure before the run stops; 0 never stops."""
    gradient_clip: NonNegativeFloat = 0.0
    """Largest norm of the gradient; 0 leaves it."""


class Start(Settings):
    """Begin from trained weights instead of random ones."""

    weights: Path
    """A network's ``.safetensors`` or a run's ``.ckpt``."""
    frozen: bool = False
    """Train the heads alone: the backbone keeps its weights and statistics."""


class Distillation(Settings):
    """Match what trained networks say of the same changed samples, beside the labels."""

    teachers: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Folders of runs of the same task; their mean opinion counts."""
    weight: PositiveFloat = 1.0
    """Of the teachers' loss beside the others."""
    temperature: PositiveFloat = 2.0
    """Divides the logits of both: above one, classes that a teacher finds unlikely count more."""


class Experiment(Settings):
    """What all experiments have; each task adds its data, network and objective."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    task: str
    description: str = ""
    seed: NonNegativeInt = 0
    start: Start | None = None
    distillation: Distillation | None = None
    optimizer: OptimizerSettings = OptimizerSettings()
    trainer: TrainerSettings = TrainerSettings()


class ExperimentError(TrainingError):
    """An experiment file cannot be used; the message names the file and the fault."""


def read_settings(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read an experiment file and lay overrides over it.

    Args:
        path: YAML file with a mapping.
        overrides: ``key=value`` with dots for nested keys; values are YAML.

    Raises:
        ExperimentError: if the file cannot be read or an override is malformed.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ExperimentError(f"cannot read the experiment {path}: {error}") from error
    if not isinstance(content, dict):
        raise ExperimentError(f"{path} holds no mapping of settings")
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key:
            raise ExperimentError(f"override {override!r} is not of the form key=value")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ExperimentError(f"override {override!r} has no valid value") from error
        _set(content, key.split("."), value, override)
    return content


def _set(target: dict[str, Any], keys: list[str], value: object, override: str) -> None:
    for key in keys[:-1]:
        if target.get(key) is None:
            target[key] = {}
        target = target[key]
        if not isinstance(target, dict):
            raise ExperimentError(f"override {override!r}: {key} has no parts")
    target[keys[-1]] = value


def write_settings(settings: Settings, path: Path) -> None:
    """Write resolved settings as YAML, every default included."""
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def code_version() -> str:
    """Return the source tree's commit, with ``+changes`` when files differ; ``unknown`` outside."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+changes" if changed else commit


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
