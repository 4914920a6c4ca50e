"""Driving a companion with made or recorded sequences, at 20 postures a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from emotion_core.affect import LABELS
from emotion_core.behaviour.companion import Companion, Posture
from emotion_core.behaviour.people import SeenFace
from emotion_core.behaviour.tree import Request

PERIOD = 0.05
SAMPLE_PERIOD = 0.1
SHIPPED = Path(__file__).parents[3] / "ros2_ws/src/emotion_bot/config/reactions.yaml"


def probabilities(label: str, confidence: float) -> list[float]:
    """The label's probability is its confidence, the others share the rest."""
    rest = (1.0 - confidence) / (len(LABELS) - 1)
    return [confidence if name == label else rest for name in LABELS]


@dataclass
class Sequence:
    """What people do; see sequences.yaml."""

    until: float
    rows: list = field(default_factory=list)
    voice: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def drive(self, companion: Companion) -> list[Posture]:
        """Return every posture from 0 to the end."""
        return list(self._postures(companion))

    def _postures(self, companion: Companion) -> Iterator[Posture]:
        rows, requests = list(self.rows), list(self.requests)
        showing: dict[str, tuple[str, float]] = {}
        ticks_per_sample = round(SAMPLE_PERIOD / PERIOD)
        for tick in range(round(self.until / PERIOD)):
            time = tick * PERIOD
            while rows and rows[0][0] <= time:
                _, face, label, confidence = rows.pop(0)
                showing[face] = (label, confidence)
            while requests and requests[0][0] <= time:
                companion.request(Request(requests.pop(0)[1]))
            if tick % ticks_per_sample == 0:
                seen = {face: shown for face, shown in showing.items() if shown[0] != "gone"}
                companion.observe_faces(time, [SeenFace(face, 0.1) for face in seen])
                for face, (label, confidence) in seen.items():
                    companion.observe_expression(time, face, probabilities(label, confidence))
                companion.observe_voice(time, any(a <= time < b for a, b in self.voice))
            yield companion.update(time)


def in_order(values) -> list:
    """The values without repetitions."""
    return [value for value, _ in groupby(values)]
