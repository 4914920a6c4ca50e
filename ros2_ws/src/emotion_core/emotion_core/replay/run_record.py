"""What a run of the robot did, as plain numbers: what checks are made on.

All times are s since the first frame; angles rad; delays s, NaN where a run has none to measure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, TypeVar


class DiagnosticLevel(IntEnum):
    """Severity of a diagnostic, as ROS 2 numbers it."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


class FrameFaces(NamedTuple):
    """The faces of one frame; ``delay`` is from its capture to their arrival."""

    time: float
    face_ids: tuple[str, ...]
    delay: float


class FaceExpression(NamedTuple):
    """A person's expression in one frame; ``label`` is one of ``affect.LABELS``."""

    time: float
    face_id: str
    label: str
    confidence: float
    delay: float


class Gaze(NamedTuple):
    """Bearing of what is looked at; ``face_id`` is empty when it is no face."""

    time: float
    face_id: str
    pan: float
    tilt: float


class Command(NamedTuple):
    """A set-point: ``time`` of the frame behind it, ``sent`` when it was given."""

    time: float
    sent: float
    pan: float
    tilt: float
    delay: float


class HeadAngles(NamedTuple):
    """Measured angles of the head."""

    time: float
    pan: float
    tilt: float


class Acknowledgement(NamedTuple):
    """The head's answer to the command that a frame led to."""

    time: float
    delay: float


class Diagnostic(NamedTuple):
    """The health of one node."""

    time: float
    node: str
    level: DiagnosticLevel
    message: str


_T = TypeVar(
    "_T", FrameFaces, FaceExpression, Gaze, Command, HeadAngles, Acknowledgement, Diagnostic
)


@dataclass
class RunRecord:
    """Everything that a run published, in the order of time.

    Attributes:
        duration: from the first frame to the last message, s.
        faces: one entry for every frame that was looked at.
        expressions: one entry for every seen face of a frame.
        gaze: what was looked at.
        commands: to the head.
        head: its measured angles.
        acknowledgements: of its commands.
        diagnostics: of all nodes.
        arrivals: by relative topic, when its messages came.
    """

    duration: float = 0.0
    faces: list[FrameFaces] = field(default_factory=list)
    expressions: list[FaceExpression] = field(default_factory=list)
    gaze: list[Gaze] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    head: list[HeadAngles] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    arrivals: dict[str, list[float]] = field(default_factory=dict)

    @property
    def main_face(self) -> str | None:
        """Id of the face with most expressions, or None without any."""
        counts = Counter(expression.face_id for expression in self.expressions)
        return counts.most_common(1)[0][0] if counts else None


def within(entries: Sequence[_T], start: float, end: float) -> Iterator[_T]:
    """Yield the entries of a span of time, s, both ends included."""
    return (entry for entry in entries if start <= entry.time <= end)


def agreement(one: RunRecord, other: RunRecord) -> float:
    """Return for which share of the frames two runs of one recording read the same expressions.

    A frame counts as agreed when the same faces have the same labels in both runs. Ids may differ
    from run to run: the first face seen in one is the first one seen in the other. NaN when neither
    run read any.
    """
    first, second = _labels_by_frame(one), _labels_by_frame(other)
    times = first.keys() | second.keys()
    if not times:
        return math.nan
    return sum(first.get(time) == second.get(time) for time in times) / len(times)


def _labels_by_frame(run: RunRecord) -> dict[float, dict[int, str]]:
    """Return label by face number, for each frame by its time."""
    numbers: dict[str, int] = {}
    labels: dict[float, dict[int, str]] = {}
    for expression in run.expressions:
        number = numbers.setdefault(expression.face_id, len(numbers))
        labels.setdefault(round(expression.time, 6), {})[number] = expression.label
    return labels
