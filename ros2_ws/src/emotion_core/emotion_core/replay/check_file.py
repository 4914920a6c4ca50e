"""What a run must have done, as data: checks in a YAML file.

::

    bag: sad_to_happy          # beside the file; or scene: {mode: still, duration: 5}
    mode: exact                # exact or recorded
    checks:
      - {check: label_fraction, label: sad, from: 1.0, to: 5.5, min: 0.6}
      - {check: label_changes, max: 6}
      - {name: one id for one person, check: ids_per_person, max: 1}

Every check computes one figure and compares it with ``min``, ``max`` or both.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emotion_core.replay.checks import KINDS, DiscriminatedCheck


class ChecksError(ValueError):
    """A file of checks cannot be used; the message names the file, the key and the reason."""


class CheckMode(Enum):
    """What the checks are made on."""

    EXACT = "exact"
    """The answer of the nodes' logic, run anew on the recorded inputs."""
    RECORDED = "recorded"
    """What the robot answered when it was recorded."""


class SceneBag(BaseModel):
    """A bag that is made from the built-in scene.

    Attributes:
        mode: of the scene, such as ``step:25,time=2``.
        duration: s.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: str
    duration: float = Field(gt=0, le=600)


class CheckFile(BaseModel):
    """A file of checks.

    Attributes:
        bag: the recording, relative to the file; None when the caller names it.
        scene: instead of a recording; the same every time.
        mode: what the checks are made on; None when the caller chooses.
        checks: in their order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bag: Path | None = None
    scene: SceneBag | None = None
    mode: CheckMode | None = None
    checks: tuple[DiscriminatedCheck, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_recording(self) -> CheckFile:
        if self.bag is not None and self.scene is not None:
            raise ValueError("bag and scene exclude each other")
        return self


def load_checks(path: Path) -> CheckFile:
    """Read a file of checks; its bag becomes a path that does not depend on the present folder.

    Raises:
        ChecksError: if it cannot be read or does not describe checks.
    """
    try:
        contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChecksError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ChecksError(f"{path} is no YAML: {error}") from error
    if not isinstance(contents, dict):
        raise ChecksError(f"{path}: must be a mapping with the key checks")
    try:
        file = CheckFile.model_validate(contents)
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors())
        raise ChecksError(f"{path}: {problems}") from error
    if file.bag is None:
        return file
    return file.model_copy(update={"bag": path.parent / file.bag})


def _problem(detail: Any) -> str:
    """Return one error of pydantic as ``checks[2].max: reason``."""
    where = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            where += f"[{part}]"
        elif part not in KINDS:
            where += f".{part}" if where else str(part)
    reason = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "union_tag_invalid":
        reason = f"unknown check {detail['ctx']['tag']!r}; known are {', '.join(KINDS)}"
        where += ".check"
    elif detail["type"] == "union_tag_not_found":
        reason = f"the key check is missing; known checks are {', '.join(KINDS)}"
    elif detail["type"] == "extra_forbidden":
        reason = "unknown key"
    elif detail["type"] not in ("missing", "value_error"):
        reason += f", got {detail['input']!r}"
    return f"{where or 'file'}: {reason}"
