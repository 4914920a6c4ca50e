"""Figures of a run, one function each. Spans of time are s since the first frame."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from emotion_core.head.response import StepResponse, step_response
from emotion_core.replay.run_record import (
    DiagnosticLevel,
    FaceExpression,
    RunRecord,
    within,
)

MAIN_FACE = "main"
"""Stands for the face with most expressions."""

EVERY_FACE = "any"
"""Stands for all faces together."""

_AT_REST_SECONDS = 0.5
_TARGET_SECONDS = 1.0


class FigureError(ValueError):
    """A run has nothing to compute a figure from; the message says what is missing."""


def label_fraction(run: RunRecord, label: str, face: str, start: float, end: float) -> float:
    """Return the share of a face's expressions in the span that carry a label.

    Args:
        run: what happened.
        label: one of ``affect.LABELS``.
        face: an id, `MAIN_FACE` or `EVERY_FACE`.
        start: of the span, s.
        end: of the span, s.

    Raises:
        FigureError: if there is no expression of the face in the span.
    """
    found = _expressions(run, face, start, end)
    return sum(expression.label == label for expression in found) / len(found)


def label_changes(run: RunRecord, face: str, start: float, end: float) -> float:
    """Return how often a face's label changes in the span; arguments as `label_fraction`.

    Raises:
        FigureError: if there is no expression of the face in the span.
    """
    newest: dict[str, str] = {}
    changes = 0
    for expression in _expressions(run, face, start, end):
        changes += newest.get(expression.face_id, expression.label) != expression.label
        newest[expression.face_id] = expression.label
    return float(changes)


def ids_per_person(run: RunRecord, people: int, start: float, end: float) -> float:
    """Return the number of face ids in the span divided by the number of people.

    Raises:
        FigureError: if there is no face in the span.
    """
    ids = {id_ for frame in within(run.faces, start, end) for id_ in frame.face_ids}
    if not ids:
        raise FigureError(f"no face {_span(start, end)}")
    return len(ids) / people


def frames_with_face(run: RunRecord, start: float, end: float) -> float:
    """Return the share of the frames in the span with at least one face.

    Raises:
        FigureError: if there is no frame in the span.
    """
    frames = list(within(run.faces, start, end))
    if not frames:
        raise FigureError(f"no frame {_span(start, end)}")
    return sum(bool(frame.face_ids) for frame in frames) / len(frames)


def latency_ms(
    run: RunRecord,
    stage: Literal["faces", "expression", "head_command", "head_ack"],
    percentile: float,
    start: float,
    end: float,
) -> float:
    """Return a percentile of the time from a frame's capture to what it led to, ms.

    Of several commands for one frame the first counts.

    Raises:
        FigureError: if the run has no such times; an exact replay has none.
    """
    delays: list[float]
    if stage == "faces":
        delays = [frame.delay for frame in within(run.faces, start, end)]
    elif stage == "expression":
        delays = [expression.delay for expression in within(run.expressions, start, end)]
    elif stage == "head_command":
        first: dict[float, float] = {}
        for command in within(run.commands, start, end):
            first.setdefault(command.time, command.delay)
        delays = list(first.values())
    else:
        delays = [answer.delay for answer in within(run.acknowledgements, start, end)]
    measured = [delay for delay in delays if not math.isnan(delay)]
    if not measured:
        raise FigureError(
            f"no delay from capture to {stage} was measured {_span(start, end)}; "
            "an exact replay has none"
        )
    return float(np.percentile(measured, percentile)) * 1e3


def head_step(
    run: RunRecord,
    axis: Literal["pan", "tilt"],
    at: float,
    end: float,
    band: float = math.radians(2.0),
) -> StepResponse:
    """Return how the head answered a jump of its target.

    The new target is the median bearing over the last second of the span.

    Args:
        run: what happened.
        axis: of the head.
        at: time of the jump, s.
        end: of the span, s; no second jump may lie within.
        band: within which the head has settled, rad.

    Raises:
        FigureError: if the head's angles or its target are missing in the span.
    """
    column = 1 if axis == "pan" else 2
    angles = [entry for entry in run.head if at - _AT_REST_SECONDS <= entry.time <= end]
    before = [entry[column] for entry in angles if entry.time <= at]
    after = [entry for entry in angles if entry.time > at]
    targets = [(entry.time, (entry.pan, entry.tilt)) for entry in within(run.gaze, at, end)]
    if not before or len(after) < 2 or not targets:
        raise FigureError(f"no angles of the head or no target {_span(at, end)}")
    last = targets[-1][0] - _TARGET_SECONDS
    goal = float(np.median([place[column - 1] for time, place in targets if time >= last]))
    origin = float(before[-1])
    if goal == origin:
        raise FigureError(f"the target does not jump at {at:g} s")
    times = [at, *(entry.time for entry in after)]
    positions = [origin, *(float(entry[column]) for entry in after)]
    return step_response(times, [origin] + [goal] * len(after), positions, band)


def head_reaction(
    run: RunRecord, axis: Literal["pan", "tilt"], at: float, end: float, movement: float
) -> float:
    """Return the time from an event until the head has moved, s; infinite when it does not.

    Args:
        run: what happened.
        axis: of the head.
        at: time of the event, s.
        end: of the span, s.
        movement: how far counts, rad.

    Raises:
        FigureError: if the head's angles are missing in the span.
    """
    column = 1 if axis == "pan" else 2
    before = [entry for entry in run.head if at - _AT_REST_SECONDS <= entry.time <= at]
    after = [entry for entry in within(run.head, at, end) if entry.time > at]
    if not before or not after:
        raise FigureError(f"no angles of the head {_span(at, end)}")
    rest = float(before[-1][column])
    for entry in after:
        if abs(float(entry[column]) - rest) >= movement:
            return entry.time - at
    return math.inf


def label_reaction(
    run: RunRecord, label: str, face: str, at: float, end: float, hold: float
) -> float:
    """Return the time from an event until a face has a label and keeps it, s; infinite if never.

    Args:
        run: what happened.
        label: one of ``affect.LABELS``.
        face: an id, `MAIN_FACE` or `EVERY_FACE`.
        at: time of the event, s.
        end: of the span, s.
        hold: for how long the label must stay, s.

    Raises:
        FigureError: if there is no expression of the face in the span.
    """
    since: float | None = None
    for expression in _expressions(run, face, at, end):
        if expression.label != label:
            since = None
            continue
        since = expression.time if since is None else since
        if expression.time - since >= hold:
            return since - at
    return math.inf


def rate(run: RunRecord, topic: str, start: float, end: float) -> float:
    """Return the messages per second of a topic in the span.

    Args:
        run: what happened.
        topic: name, without a namespace.
        start: of the span, s.
        end: of the span, s; the run's end when that comes first.

    Raises:
        FigureError: if the topic is unknown to the run or the span is empty.
    """
    topic = topic.lstrip("/")
    if topic not in run.arrivals:
        known = ", ".join(sorted(run.arrivals)) or "none"
        raise FigureError(f"nothing on topic {topic!r}; topics of this run: {known}")
    end = min(end, run.duration)
    if end <= start:
        raise FigureError(f"the run is over {_span(start, end)}")
    return sum(start <= time < end for time in run.arrivals[topic]) / (end - start)


def diagnostics_above(
    run: RunRecord, level: DiagnosticLevel, node: str, start: float, end: float
) -> float:
    """Return the number of diagnostics in the span that are worse than a level.

    Args:
        run: what happened.
        level: that is still permitted.
        node: only of this one; empty for all.
        start: of the span, s.
        end: of the span, s.

    Raises:
        FigureError: if the run has no diagnostics at all; an exact replay has none.
    """
    if not run.diagnostics:
        raise FigureError("the run has no diagnostics; an exact replay has none")
    return float(
        sum(
            entry.level > level
            for entry in within(run.diagnostics, start, end)
            if node in ("", entry.node)
        )
    )


def _expressions(run: RunRecord, face: str, start: float, end: float) -> list[FaceExpression]:
    chosen = run.main_face if face == MAIN_FACE else face
    found = [
        expression
        for expression in within(run.expressions, start, end)
        if chosen in (EVERY_FACE, expression.face_id)
    ]
    if not found:
        whose = "" if face in (MAIN_FACE, EVERY_FACE) else f" of face {face!r}"
        raise FigureError(f"no expression{whose} {_span(start, end)}")
    return found


def _span(start: float, end: float) -> str:
    return f"from {start:g} s on" if math.isinf(end) else f"between {start:g} and {end:g} s"
