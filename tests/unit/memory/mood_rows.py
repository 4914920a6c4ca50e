"""Rows and samples for the tests of the mood memory."""

from __future__ import annotations

import numpy as np

from emotion_core.affect import LABELS
from emotion_core.memory.aggregation import MoodSample
from emotion_core.memory.records import MEAN_COLUMNS, MoodInterval, MoodRows

START = 1_750_000_500  # a whole quarter of an hour

DAY = 86_400

IDENTIFIERS = tuple(f"person-{number:012x}" for number in range(1, 10))


def interval(
    person: str = IDENTIFIERS[0],
    start: int = START,
    *,
    seconds: int = 60,
    samples: int = 10,
    label: str = "happy",
    valence: float = 0.5,
    arousal: float = 0.25,
) -> MoodInterval:
    """Return a row whose whole probability is on one label."""
    probabilities = tuple(float(other == label) for other in LABELS)
    means = (*probabilities, valence, arousal, 0.75, 0.5, 0.25, 0.25)
    return MoodInterval(person, start, start + seconds, samples, means)


def sample(time: float = START, *, label: str = "happy", valence: float = 0.5) -> MoodSample:
    """Return a sample whose whole probability is on one label."""
    probabilities = [float(other == label) for other in LABELS]
    return MoodSample(time, probabilities, valence, 0.25, 0.75, (0.5, 0.25, 0.25))


def rows(starts: list[int], valences: list[float], *, seconds: int = 900) -> MoodRows:
    """Return rows with given starts and valences."""
    return MoodRows.from_tuples(
        (float(start), float(seconds), 10.0, *interval(valence=valence).means)
        for start, valence in zip(starts, valences, strict=True)
    )


def random_interval(person: str, start: int, random: np.random.Generator) -> MoodInterval:
    """Return a row with random means in their ranges."""
    probabilities = random.dirichlet(np.ones(len(LABELS)))
    shares = random.dirichlet(np.ones(3))
    means = (*probabilities, *random.uniform(-1, 1, 2), random.uniform(), *shares)
    assert len(means) == len(MEAN_COLUMNS)
    return MoodInterval(
        person, start, start + 60, int(random.integers(1, 1800)), tuple(map(float, means))
    )
