"""The files that describe series of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError, model_validator
from typing_extensions import Self

from emotion_train.experiment import ExperimentError, Settings

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Choice(Settings):
    """One of several values."""

    values: Annotated[tuple[Any, ...], Field(min_length=1)]


class Range(Settings):
    """A number between two bounds."""

    low: float
    high: float
    log: bool = False
    """Every factor is as likely as every other."""
    integer: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range cannot start at {self.low}")
        return self


class Series(Settings):
    """What both kinds of series have."""

    name: Name
    description: str = ""
    experiment: Path
    """The experiment that is varied; relative to the series' file."""
    overrides: tuple[str, ...] = ()
    """Settings of all its runs."""


SeriesKind = TypeVar("SeriesKind", bound=Series)


class Sweep(Series):
    """A search for the best settings."""

    sampler: Literal["grid", "random", "bayesian"]
    """Every combination, independent draws, or Optuna's tree-structured Parzen estimator."""
    trials: PositiveInt | None = None
    """Number of runs; a grid knows its own."""
    seed: NonNegativeInt = 0
    space: Annotated[dict[str, Choice | Range], Field(min_length=1)]
    """What is varied, by the setting's dotted name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sampler == "grid":
            ranges = [key for key, part in self.space.items() if isinstance(part, Range)]
            if ranges:
                raise ValueError(f"a grid needs values, not a range, for {ranges[0]}")
        elif self.trials is None:
            raise ValueError(f"the sampler {self.sampler} needs a number of trials")
        return self


class Ablation(Series):
    """The same recipe with one thing changed at a time."""

    variants: Annotated[dict[Name, tuple[str, ...]], Field(min_length=1)]
    """Settings of each variant by its name; an empty list is the recipe itself."""
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(min_length=1)] = (0,)
    """Each variant runs once with every seed."""


def read_series(path: Path, kind: type[SeriesKind]) -> SeriesKind:
    """Read a series' file; the experiment's path becomes absolute.

    Raises:
        ExperimentError: if it cannot be read or a setting is wrong; the message lists each.
    """
    try:
        series = kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ExperimentError(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ExperimentError(f"{path}: {faults}") from error
    return series.model_copy(update={"experiment": (path.parent / series.experiment).resolve()})
