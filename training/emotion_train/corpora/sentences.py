"""What every corpus of sentences is read into."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError


@dataclass(frozen=True)
class SentenceCorpus:
    """Annotated sentences in memory.

    Attributes:
        texts: (n,), as the corpus has them.
        contexts: (n,), what was said before each, empty where nothing is known.
        emotions: float32 (n, 7), 1 for each emotion a sentence has, in the order of
            `affect.LABELS`; zeros in a corpus without emotions.
        ratings: float32 (n, 2), valence and arousal mapped from 1…5 to -1…1; NaN in a corpus
            without.
        broken: what was left out because it could not be read, with the reason.
    """

    texts: tuple[str, ...]
    contexts: tuple[str, ...]
    emotions: npt.NDArray[np.float32]
    ratings: npt.NDArray[np.float32]
    broken: tuple[str, ...] = ()

    @classmethod
    def of_labels(
        cls,
        source: str,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        broken: Sequence[str],
        contexts: Sequence[str] | None = None,
    ) -> SentenceCorpus:
        """Make a corpus of emotions from the positions in `affect.LABELS` of each sentence.

        Raises:
            CorpusError: if there is no sentence.
        """
        _require_some(source, texts, broken)
        emotions = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        for row, positions in enumerate(labels):
            emotions[row, list(positions)] = 1.0
        ratings = np.full((len(texts), 2), np.nan, dtype=np.float32)
        before = contexts if contexts is not None else [""] * len(texts)
        return cls(tuple(texts), tuple(before), emotions, ratings, tuple(broken))

    @classmethod
    def of_ratings(
        cls,
        source: str,
        texts: Sequence[str],
        ratings: Sequence[tuple[float, float]],
        broken: Sequence[str],
    ) -> SentenceCorpus:
        """Make a corpus of valence and arousal in [-1, 1].

        Raises:
            CorpusError: if there is no sentence.
        """
        _require_some(source, texts, broken)
        emotions = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        values = np.array(ratings, dtype=np.float32)
        return cls(tuple(texts), ("",) * len(texts), emotions, values, tuple(broken))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, positions: npt.NDArray[np.int64]) -> SentenceCorpus:
        """Return the sentences at these positions."""
        return SentenceCorpus(
            tuple(self.texts[position] for position in positions),
            tuple(self.contexts[position] for position in positions),
            self.emotions[positions],
            self.ratings[positions],
        )

    def without_contexts(self) -> SentenceCorpus:
        """Return the same sentences, each by itself."""
        return replace(self, contexts=("",) * len(self))

    def fingerprint(self) -> str:
        """Return a sha256 over sentences, contexts and annotations."""
        digest = hashlib.sha256("\0".join([*self.texts, *self.contexts]).encode("utf-8", "replace"))
        digest.update(self.emotions.tobytes())
        digest.update(self.ratings.tobytes())
        return digest.hexdigest()


@contextmanager
def open_table(path: Path) -> Iterator[TextIO]:
    """Open a corpus's table for reading.

    Raises:
        CorpusError: if it cannot be opened or is no UTF-8 text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            yield stream
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from error


def _require_some(source: str, texts: Sequence[str], broken: Sequence[str]) -> None:
    if not texts:
        reason = f"; first fault: {broken[0]}" if broken else ""
        raise CorpusError(f"{source} holds no readable sentence{reason}")
