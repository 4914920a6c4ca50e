"""The kinds of checks: each computes one figure of a run and bounds it."""

from __future__ import annotations

import math
from enum import Enum
from typing import Annotated, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from emotion_core.affect import Emotion
from emotion_core.replay import figures
from emotion_core.replay.run_record import DiagnosticLevel, RunRecord


class Check(BaseModel):
    """What all checks have."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    unit: ClassVar[str] = ""

    name: str = ""
    start: float = Field(default=0.0, alias="from", ge=0)
    end: float = Field(default=math.inf, alias="to", ge=0)
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _bounded(self) -> Check:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is greater than max {self.max}")
        if self.end <= self.start:
            raise ValueError(f"to {self.end} must be later than from {self.start}")
        return self

    @property
    def kind(self) -> str:
        """The check's word in the file."""
        return str(getattr(self, "check"))  # noqa: B009  every kind of check declares it

    @property
    def title(self) -> str:
        """The name, or else the kind with what was chosen for it."""
        if self.name:
            return self.name
        details = []
        for key, field in type(self).model_fields.items():
            if key in self.model_fields_set and key not in ("name", "check", "min", "max"):
                value = getattr(self, key)
                text = value.value if isinstance(value, Enum) else value
                number = f"{text:g}" if isinstance(text, float) else text
                details.append(f"{field.alias or key}={number}")
        return " ".join([self.kind, *details])

    def figure(self, run: RunRecord) -> float:
        """Return the figure of a run.

        Raises:
            FigureError: if the run has nothing to compute it from.
        """
        raise NotImplementedError


class LabelFraction(Check):
    """Share of a face's expressions in the span that carry a label, [0, 1]."""

    check: Literal["label_fraction"]
    label: Emotion
    face: str = "main"

    def figure(self, run: RunRecord) -> float:
        """See `figures.label_fraction`."""
        return figures.label_fraction(run, self.label.value, self.face, self.start, self.end)


class LabelChanges(Check):
    """How often a face's label changes in the span."""

    check: Literal["label_changes"]
    face: str = "main"

    def figure(self, run: RunRecord) -> float:
        """See `figures.label_changes`."""
        return figures.label_changes(run, self.face, self.start, self.end)


class IdsPerPerson(Check):
    """Number of face ids in the span, divided by the number of people who were there."""

    check: Literal["ids_per_person"]
    people: int = Field(default=1, ge=1)

    def figure(self, run: RunRecord) -> float:
        """See `figures.ids_per_person`."""
        return figures.ids_per_person(run, self.people, self.start, self.end)


class FramesWithFace(Check):
    """Share of the frames in the span with at least one face, [0, 1]."""

    check: Literal["frames_with_face"]

    def figure(self, run: RunRecord) -> float:
        """See `figures.frames_with_face`."""
        return figures.frames_with_face(run, self.start, self.end)


class Latency(Check):
    """A percentile of the time from a frame's capture to what it led to."""

    unit = "ms"

    check: Literal["latency"]
    stage: Literal["faces", "expression", "head_command", "head_ack"]
    percentile: float = Field(default=95.0, ge=0, le=100)

    def figure(self, run: RunRecord) -> float:
        """See `figures.latency_ms`."""
        return figures.latency_ms(run, self.stage, self.percentile, self.start, self.end)


class HeadOvershoot(Check):
    """How far the head goes beyond a target that has jumped."""

    unit = "°"

    check: Literal["head_overshoot"]
    axis: Literal["pan", "tilt"] = "pan"
    at: float = Field(ge=0)

    def figure(self, run: RunRecord) -> float:
        """See `figures.head_step`."""
        return math.degrees(figures.head_step(run, self.axis, self.at, self.end).overshoot)


class HeadSettling(Check):
    """Time from a jump of the target until the head stays near its new place."""

    unit = "s"

    check: Literal["head_settling"]
    axis: Literal["pan", "tilt"] = "pan"
    at: float = Field(ge=0)
    band_deg: float = Field(default=2.0, gt=0)

    def figure(self, run: RunRecord) -> float:
        """See `figures.head_step`."""
        band = math.radians(self.band_deg)
        return figures.head_step(run, self.axis, self.at, self.end, band).settling_time


class HeadReaction(Check):
    """Time from an event until the head starts to move."""

    unit = "s"

    check: Literal["head_reaction"]
    axis: Literal["pan", "tilt"] = "pan"
    at: float = Field(ge=0)
    movement_deg: float = Field(default=1.0, gt=0)

    def figure(self, run: RunRecord) -> float:
        """See `figures.head_reaction`."""
        movement = math.radians(self.movement_deg)
        return figures.head_reaction(run, self.axis, self.at, self.end, movement)


class LabelReaction(Check):
    """Time from an event until a face has a label and keeps it for a while."""

    unit = "s"

    check: Literal["label_reaction"]
    label: Emotion
    face: str = "main"
    at: float = Field(ge=0)
    hold: float = Field(default=0.5, ge=0)

    def figure(self, run: RunRecord) -> float:
        """See `figures.label_reaction`."""
        return figures.label_reaction(
            run, self.label.value, self.face, self.at, self.end, self.hold
        )


class Rate(Check):
    """Messages per second of a topic in the span."""

    unit = "Hz"

    check: Literal["rate"]
    topic: str

    def figure(self, run: RunRecord) -> float:
        """See `figures.rate`."""
        return figures.rate(run, self.topic, self.start, self.end)


class Diagnostics(Check):
    """Number of diagnostics in the span that are worse than a level."""

    check: Literal["diagnostics"]
    above: Literal["ok", "warn", "error"] = "ok"
    node: str = ""

    def figure(self, run: RunRecord) -> float:
        """See `figures.diagnostics_above`."""
        level = DiagnosticLevel[self.above.upper()]
        return figures.diagnostics_above(run, level, self.node, self.start, self.end)


AnyCheck = (
    LabelFraction
    | LabelChanges
    | IdsPerPerson
    | FramesWithFace
    | Latency
    | HeadOvershoot
    | HeadSettling
    | HeadReaction
    | LabelReaction
    | Rate
    | Diagnostics
)
"""All kinds."""

DiscriminatedCheck = Annotated[AnyCheck, Field(discriminator="check")]
"""Any check, told from others by its word."""

KINDS: Final = tuple(
    get_args(kind.model_fields["check"].annotation)[0] for kind in get_args(AnyCheck)
)
"""The words of all kinds."""
