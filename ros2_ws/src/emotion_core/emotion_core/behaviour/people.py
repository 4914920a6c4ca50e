"""Who is there, who is new, and what their faces show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from emotion_core.affect import Emotion
from emotion_core.behaviour.reactions import ExpressionGate, Times
from emotion_core.behaviour.steady_expression import SteadyExpression

_MOST_PEOPLE: Final = 32
"""So many faces are remembered at once; of more, those unseen for longest are forgotten."""


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face in one camera frame.

    Attributes:
        id: stable while the face is followed.
        area: share of the picture, in [0, 1] when wholly inside.
    """

    id: str
    area: float

    @classmethod
    def from_corners(
        cls, face_id: str, left: float, top: float, right: float, bottom: float
    ) -> SeenFace:
        """Return a face from the edges of its box, as shares of the picture's width and height."""
        return cls(face_id, max(right - left, 0.0) * max(bottom - top, 0.0))


@dataclass(slots=True)
class _Person:
    first_seen: float
    last_seen: float
    area: float
    expression: SteadyExpression
    greeted: bool = False


class People:
    """The faces of the last minutes. Times are s on one clock.

    A tracker gives a new id to a face that it lost for a while. So a new face takes the place of
    one that has vanished, when there is one, and counts as the same person: it is not greeted
    again.

    Args:
        times: when somebody has arrived or gone.
        gate: when an expression is believed.
    """

    def __init__(self, times: Times, gate: ExpressionGate) -> None:
        self._times = times
        self._gate = gate
        self._people: dict[str, _Person] = {}

    def see(self, time: float, faces: Iterable[SeenFace]) -> None:
        """Take the faces of one frame."""
        seen = {face.id: face for face in faces}
        for face in seen.values():
            person = self._people.get(face.id) or self._arrive(face, time, seen)
            if time - person.last_seen > self._times.greet_again:
                person.greeted = False
            if time - person.last_seen > self._times.lost:
                person.first_seen = time
            person.last_seen = max(time, person.last_seen)
            person.area = face.area
        self._forget(time)

    def express(self, time: float, face_id: str, probabilities: Sequence[float]) -> None:
        """Take what a face shows; ignored when the face was never seen.

        Raises:
            ValueError: if the probabilities are none.
        """
        person = self._people.get(face_id)
        if person is not None:
            person.expression.observe(time, probabilities)

    def is_present(self, face_id: str, time: float) -> bool:
        """Tell whether a face is in view, or was a moment ago."""
        person = self._people.get(face_id)
        return person is not None and time - person.last_seen <= self._times.lost

    def present(self, time: float) -> frozenset[str]:
        """Return the ids of everybody in view."""
        return frozenset(face_id for face_id in self._people if self.is_present(face_id, time))

    def largest(self, time: float) -> str:
        """Return the id of the face that fills most of the picture; empty when nobody is there."""
        present = [face_id for face_id in self._people if self.is_present(face_id, time)]
        return max(present, key=lambda face_id: self._people[face_id].area, default="")

    def newcomer(self, time: float) -> str:
        """Return the id of somebody who has arrived and was not greeted; empty for nobody."""
        for face_id, person in self._people.items():
            settled = person.last_seen - person.first_seen >= self._times.notice
            if not person.greeted and settled and self.is_present(face_id, time):
                return face_id
        return ""

    def greet(self, face_id: str) -> None:
        """Remember that a person was greeted."""
        if person := self._people.get(face_id):
            person.greeted = True

    def emotion(self, face_id: str, time: float) -> Emotion:
        """Return the expression of a person that counts; neutral for an unknown id."""
        person = self._people.get(face_id)
        return person.expression.emotion(time) if person else Emotion.NEUTRAL

    def _arrive(self, face: SeenFace, time: float, seen: dict[str, SeenFace]) -> _Person:
        vanished = [
            face_id
            for face_id, person in self._people.items()
            if face_id not in seen and person.last_seen < time
        ]
        if vanished:
            before = max(vanished, key=lambda face_id: self._people[face_id].last_seen)
            person = self._people.pop(before)
        else:
            person = _Person(time, time, face.area, SteadyExpression(self._gate))
        self._people[face.id] = person
        return person

    def _forget(self, time: float) -> None:
        kept = max(self._times.greet_again, self._times.lost)
        for face_id in [i for i, p in self._people.items() if time - p.last_seen > kept]:
            del self._people[face_id]
        while len(self._people) > _MOST_PEOPLE:
            del self._people[min(self._people, key=lambda i: self._people[i].last_seen)]
