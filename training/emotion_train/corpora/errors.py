"""What goes wrong with corpora."""

from __future__ import annotations

from emotion_train.errors import TrainingError


class CorpusError(TrainingError):
    """A corpus is not laid out as its publisher lays it out; the message names file and fault."""
