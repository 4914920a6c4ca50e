"""The rows of the mood memory, one by one and as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS

MODALITIES: Final[tuple[str, ...]] = ("face", "voice", "text")
"""Order of every vector of modality shares."""

MEAN_COLUMNS: Final[tuple[str, ...]] = (
    *LABELS,
    "valence",
    "arousal",
    "confidence",
    *MODALITIES,
)
"""Names of the means in a row, in the database as in exports."""

Means = tuple[float, ...]
"""One value for each of ``MEAN_COLUMNS``."""


@dataclass(frozen=True, slots=True)
class MoodInterval:
    """One person in one interval.

    Attributes:
        person: identifier of the person.
        start: first second of the interval, since the Unix epoch.
        end: first second after it.
        samples: number of expressions behind the means, >= 1.
        means: in the order of ``MEAN_COLUMNS``: probabilities of the labels, valence and arousal
            in [-1, 1], confidence in [0, 1], share of each modality in [0, 1].
    """

    person: str
    start: int
    end: int
    samples: int
    means: Means


@dataclass(frozen=True)
class MoodRows:
    """Rows of one person as columns, in order of time.

    Attributes:
        start: shape (n,), int64, seconds since the Unix epoch.
        observed: shape (n,), int64, seconds of intervals in which the person was seen.
        samples: shape (n,), int64, >= 1.
        means: shape (n, 13), float64, columns as in ``MEAN_COLUMNS``.
    """

    start: npt.NDArray[np.int64]
    observed: npt.NDArray[np.int64]
    samples: npt.NDArray[np.int64]
    means: npt.NDArray[np.float64]

    @classmethod
    def from_tuples(cls, rows: Iterable[tuple[float, ...]]) -> MoodRows:
        """Build columns from rows of (start, observed, samples, *means)."""
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 3 + len(MEAN_COLUMNS))
        counts = table[:, :3].astype(np.int64)
        return cls(counts[:, 0], counts[:, 1], counts[:, 2], table[:, 3:])

    @classmethod
    def from_packed(cls, rows: Sequence[tuple[int, int, int, bytes]]) -> MoodRows:
        """Build columns from rows of (start, observed, samples, means as little-endian doubles)."""
        start, observed, samples, means = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(start, dtype=np.int64),
            np.array(observed, dtype=np.int64),
            np.array(samples, dtype=np.int64),
            np.frombuffer(b"".join(means), dtype="<f8").reshape(-1, len(MEAN_COLUMNS)),
        )

    def within(self, since: float, until: float) -> MoodRows:
        """Return views of the rows that begin in [since, until)."""
        first, end = np.searchsorted(self.start, (since, until))
        part = slice(int(first), int(end))
        return MoodRows(self.start[part], self.observed[part], self.samples[part], self.means[part])

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom rows are kept.

    Attributes:
        key: number in the database; never leaves it.
        identifier: random and unique; stands for nobody by itself.
        name: given at enrolment; None for an anonymous person.
        consent_time: when consent was given, seconds since the Unix epoch; None when anonymous.
        first_seen: seconds since the Unix epoch.
        last_seen: seconds since the Unix epoch.
    """

    key: int
    identifier: str
    name: str | None
    consent_time: float | None
    first_seen: int
    last_seen: int

    @property
    def enrolled(self) -> bool:
        """Whether the person has a name, and therefore has given consent."""
        return self.name is not None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person and the size of what is kept.

    Attributes:
        person: who.
        intervals: number of rows.
        observed: seconds of intervals in which the person was seen.
    """

    person: Person
    intervals: int
    observed: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything kept, in numbers; times in seconds since the Unix epoch.

    Attributes:
        anonymous: persons without a name.
        enrolled: persons with a name and consent.
        observed: seconds of intervals in which persons were seen, added up over them.
        oldest_anonymous: when the first row kept of an anonymous person begins; None without any.
        oldest_enrolled: the same of an enrolled person.
        newest: end of the newest row; None without any.
        damaged_copies: files set aside because they were damaged; they may hold any person.
        size_bytes: of the database and its log.
    """

    anonymous: int
    enrolled: int
    observed: int
    oldest_anonymous: int | None
    oldest_enrolled: int | None
    newest: int | None
    damaged_copies: int
    size_bytes: int

    @property
    def oldest(self) -> int | None:
        """When the first row kept of anybody begins; None without any."""
        times = (self.oldest_anonymous, self.oldest_enrolled)
        return min((time for time in times if time is not None), default=None)


@dataclass(frozen=True, slots=True)
class Erased:
    """What :meth:`.store.MoodStore.forget` erased.

    Attributes:
        intervals: rows.
        damaged_copies: files set aside earlier, deleted because the person may be in them.
    """

    intervals: int
    damaged_copies: int
