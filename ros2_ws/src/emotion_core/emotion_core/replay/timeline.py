"""The table of a recording: one row per face and frame, and what follows from it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emotion_core.affect import LABELS, affect_concept
from emotion_core.fusion.evidence import Evidence
from emotion_core.fusion.people import FACE_ONLY
from emotion_core.inference.smoothing import SmoothedExpression
from emotion_core.vision.geometry import Box

COLUMNS = (
    "t",
    "face_id",
    "x",
    "y",
    "w",
    "h",
    "label",
    "confidence",
    *(f"p_{label}" for label in LABELS),
    "valence",
    "arousal",
    "affect",
    "face_weight",
    "voice_weight",
    "text_weight",
)


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One face in one frame.

    Attributes:
        time: since the start of the recording, s.
        face_id: the tracker's id.
        box: pixels of the recording.
        expression: fused and smoothed.
        weights: shares of face, voice and words in it.
        evidence: what each modality said at that time.
    """

    time: float
    face_id: str
    box: Box
    expression: SmoothedExpression
    weights: tuple[float, float, float] = FACE_ONLY
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def affect(self) -> str:
        """Russell's concept for the row's valence and arousal."""
        return affect_concept(self.expression.valence, self.expression.arousal)

    def cells(self) -> list[str]:
        """Return the row as text, in the order of `COLUMNS`."""
        box, expression = self.box, self.expression
        return [
            f"{self.time:.3f}",
            self.face_id,
            *(f"{value:.1f}" for value in (box.x, box.y, box.width, box.height)),
            expression.label,
            f"{expression.confidence:.4f}",
            *(f"{probability:.4f}" for probability in expression.probabilities),
            f"{expression.valence:.4f}",
            f"{expression.arousal:.4f}",
            self.affect,
            *(f"{weight:.3f}" for weight in self.weights),
        ]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time with one label.

    Attributes:
        start: s.
        end: s, the time of the first frame after the stretch or of the last frame.
        label: one of `affect.LABELS`.
    """

    start: float
    end: float
    label: str


def write_csv(rows: Iterable[TimelineRow], path: Path) -> None:
    """Write the table with a header line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)


def main_face(rows: Sequence[TimelineRow]) -> str | None:
    """Return the id seen in most frames, or None when there is no row."""
    counts = Counter(row.face_id for row in rows)
    return counts.most_common(1)[0][0] if counts else None


def segments(rows: Iterable[TimelineRow], longest_gap: float = 0.5) -> list[Segment]:
    """Join the rows of one face into stretches of one label.

    Args:
        rows: of one face, in the order of time.
        longest_gap: a face out of view for longer ends its stretch, s.
    """
    found: list[Segment] = []
    for row in rows:
        label = row.expression.label
        last = found[-1] if found else None
        joined = last is not None and row.time - last.end <= longest_gap
        if last is not None and joined:
            found[-1] = Segment(last.start, row.time, last.label)
        if last is None or not joined or last.label != label:
            found.append(Segment(row.time, row.time, label))
    return found
