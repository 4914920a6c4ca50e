"""Speech recognition as a plug-in: what a recogniser does, and choosing one by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Final, Protocol

from emotion_core.audio.chunks import Samples

NO_RECOGNIZER: Final = "none"
DEFAULT_RECOGNIZER: Final = "pocketsphinx"

_PLUG_INS: Final = {DEFAULT_RECOGNIZER: "emotion_core.audio.pocketsphinx_recognizer"}
_ANY_OTHER_NAME: Final = "emotion_core.audio.transformers_recognizer"


class RecognizerError(RuntimeError):
    """A recogniser or its model cannot be used; the message names it and the reason."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word.

    Attributes:
        text: as it is spelt.
        start: of its sound, s since the utterance's first sample.
        end: of its sound, s.
        confidence: [0, 1].
    """

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What has been recognised.

    Attributes:
        text: of all words; empty when there are none.
        confidence: [0, 1].
        words: with their times, where the recogniser knows them.
    """

    text: str = ""
    confidence: float = 0.0
    words: tuple[Word, ...] = ()


class Recognizer(Protocol):
    """Recognises one utterance after the other. A plug-in module has ``create(name)``."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def locale(self) -> str:
        """Such as en_US; empty when the recogniser finds out itself."""

    def begin(self) -> None:
        """Begin a new utterance; what is left of the one before is forgotten."""

    def feed(self, samples: Samples) -> None:
        """Take more sound of the utterance, int16 (samples,) at SAMPLE_RATE.

        Raises:
            RecognizerError: if the utterance cannot be recognised; the next one may be.
        """

    def partial(self) -> Hypothesis | None:
        """Return what has been recognised so far; None when that is not known before the end."""

    def finish(self) -> Hypothesis:
        """Return what has been recognised in the whole utterance.

        Raises:
            RecognizerError: as ``feed``.
        """


def make_recognizer(name: str) -> Recognizer | None:
    """Return the recogniser of a name, or None for NO_RECOGNIZER.

    Args:
        name: pocketsphinx, none, or a model of transformers: a folder, or an id of the hub.

    Raises:
        RecognizerError: if it cannot be used; the message says what is missing.
    """
    if name == NO_RECOGNIZER:
        return None
    # Loaded when asked for: each plug-in needs packages that the others do not.
    module = importlib.import_module(_PLUG_INS.get(name, _ANY_OTHER_NAME))
    recognizer: Recognizer = module.create(name)
    return recognizer
