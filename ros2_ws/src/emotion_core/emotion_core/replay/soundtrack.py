"""What is heard in a recording, event by event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Union

from emotion_core.fusion.evidence import ModalityScores


@dataclass(frozen=True)
class HeardVoice:
    """A moment of a voice, or of its absence.

    Attributes:
        time: of the newest sample, s since the first frame.
        is_speaking: whether somebody speaks.
        scores: of the newest voiced window; None without one.
    """

    time: float
    is_speaking: bool
    scores: ModalityScores | None


@dataclass(frozen=True)
class HeardWords:
    """An utterance that has ended.

    Attributes:
        start: s since the first frame.
        time: of its end, s.
        text: as recognised.
        confidence: of the recognition, [0, 1].
        scores: of the words; None without a text model.
    """

    start: float
    time: float
    text: str
    confidence: float
    scores: ModalityScores | None


Heard = Union[HeardVoice, HeardWords]  # noqa: UP007


class Soundtrack(Protocol):
    """Gives what is heard in the order of time."""

    def reaches(self, time: float) -> bool:
        """Return whether everything up to a time, s, is known already."""

    def until(self, time: float) -> Iterable[Heard]:
        """Return everything heard up to a time, s, that has not been returned before.

        Waits until it is known.
        """


class Silence:
    """The soundtrack of a recording without sound."""

    def reaches(self, time: float) -> bool:  # noqa: ARG002
        """Return True."""
        return True

    def until(self, time: float) -> Iterable[Heard]:  # noqa: ARG002
        """Return nothing."""
        return ()


@dataclass(frozen=True)
class SpokenWords:
    """An utterance in the summary; times in s since the first frame.

    Attributes:
        start: of its first sample.
        end: of its last one.
        text: as recognised.
        confidence: of the recognition, [0, 1].
        face_id: of who is taken to have said it; empty when nobody in view.
    """

    start: float
    end: float
    text: str
    confidence: float
    face_id: str
