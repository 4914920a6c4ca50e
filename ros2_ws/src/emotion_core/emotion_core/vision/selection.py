"""Whom to look at: one face out of several, without dithering between two.

Everything here is a pure function of its arguments: what must be remembered between frames is the
:class:`Target`, which the caller hands back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from emotion_core.vision.geometry import Box
from emotion_core.vision.track import TrackedFace


class SelectionPolicy(Enum):
    """What makes a face worth looking at."""

    NEAREST = "nearest"
    """The largest face, which is the nearest one."""
    CENTRAL = "central"
    """The face nearest to the middle of the picture."""
    SPEAKING = "speaking"
    """Whoever speaks; the nearest one while nobody does."""


@dataclass(frozen=True, slots=True)
class SelectionParameters:
    """How reluctantly the target is changed.

    Attributes:
        advantage: how many times the target's score another face must have to challenge it, >= 1.
        persistence: for how long it must have that without a break before it becomes the target,
            seconds, >= 0.
        patience: for how long a target that is out of sight is waited for before another face in
            sight takes its place, seconds, >= 0.
    """

    advantage: float = 1.3
    persistence: float = 0.5
    patience: float = 1.0

    def __post_init__(self) -> None:
        if not self.advantage >= 1:
            raise ValueError(f"advantage must be at least 1, got {self.advantage}")
        for name in ("persistence", "patience"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Target:
    """The chosen face, and what is needed to keep or change it; times in seconds.

    Attributes:
        id: of the face.
        since: when it was chosen.
        seen_at: when it was last in sight.
        challenger: id of the face that is about to take its place, or empty.
        challenged_since: since when that face has been ahead.
    """

    id: str
    since: float
    seen_at: float
    challenger: str = ""
    challenged_since: float = 0.0


class TargetSelector:
    """Applies one policy with hysteresis; it keeps no state.

    Args:
        policy: what makes a face worth looking at.
        parameters: how reluctantly the target is changed.
    """

    def __init__(
        self, policy: SelectionPolicy, parameters: SelectionParameters | None = None
    ) -> None:
        self._policy = policy
        self._parameters = parameters or SelectionParameters()

    def choose(
        self,
        faces: Sequence[TrackedFace],
        frame_size: tuple[int, int],
        time: float,
        current: Target | None,
        speech: Mapping[str, float] | None = None,
    ) -> Target | None:
        """Return the target after this frame.

        Args:
            faces: of this frame.
            frame_size: width and height of the frame, pixels, > 0.
            time: of the frame, seconds.
            current: what the last call returned; None at first.
            speech: for each face id the probability in [0, 1] that it speaks; missing ones do not.

        Returns:
            The target. It may be out of sight in this frame. None when there is none, or the last
            one has been out of sight for too long and nobody else is there.
        """
        ranked = score(faces, frame_size, self._policy, speech or {})
        best = max(ranked, key=lambda id_: ranked[id_], default=None)
        if current is None or time < current.since:
            return None if best is None else Target(best, time, time)
        if current.id not in ranked:
            if time - current.seen_at <= self._parameters.patience:
                return replace(current, challenger="")
            return None if best is None else Target(best, time, time)
        seen = replace(current, seen_at=time)
        if (
            best is None
            or best == current.id
            or ranked[best] < self._parameters.advantage * ranked[current.id]
        ):
            return replace(seen, challenger="")
        if best != current.challenger:
            seen = replace(seen, challenger=best, challenged_since=time)
        if time - seen.challenged_since >= self._parameters.persistence:
            return Target(best, time, time)
        return seen


def score(
    faces: Sequence[TrackedFace],
    frame_size: tuple[int, int],
    policy: SelectionPolicy,
    speech: Mapping[str, float],
) -> dict[str, float]:
    """Return for each face id how much it is worth looking at, >= 0, higher is better.

    Args:
        faces: of one frame.
        frame_size: width and height of the frame, pixels, > 0.
        policy: what counts.
        speech: for each face id the probability in [0, 1] that it speaks.
    """
    if policy is SelectionPolicy.CENTRAL:
        return {face.id: centrality(face.box, frame_size) for face in faces}
    nearness = {face.id: math.sqrt(max(face.box.area, 0.0)) for face in faces}
    if policy is SelectionPolicy.NEAREST:
        return nearness
    # A speaker outweighs a silent face that is five times as large.
    return {id_: value * (1 + 4 * speech.get(id_, 0.0)) for id_, value in nearness.items()}


def centrality(box: Box, frame_size: tuple[int, int]) -> float:
    """Return 1 for a box in the middle of the picture, falling to 0.2 in a corner and on to 0."""
    width, height = frame_size
    x, y = box.center
    distance = math.hypot(x / width - 0.5, y / height - 0.5) / math.hypot(0.5, 0.5)
    return 1 / (1 + 4 * distance**2)
