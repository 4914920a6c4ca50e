"""Sentences as token numbers, the same in training and on the robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from emotion_core.text.cleaning import MAX_CHARACTERS, clean_text

SENTENCE: Final = 0
CONTEXT: Final = 1
PADDING: Final = -1


class TokenizerError(RuntimeError):
    """A tokenizer file is missing or damaged; the message names the file."""


@dataclass(frozen=True)
class Tokens:
    """N tokenised texts, padded to the longest.

    Attributes:
        numbers: int64 (N, T), positions in the vocabulary; anything at padding.
        segments: int64 (N, T): `SENTENCE` (its special tokens included), `CONTEXT` or `PADDING`.
        lengths: int64 (N,), tokens of each sentence without special ones; 0 when it says nothing.
    """

    numbers: npt.NDArray[np.int64]
    segments: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TokenizedText:
    """One tokenised text: numbers and segments, each int64 (T,), and the sentence's length."""

    numbers: npt.NDArray[np.int64]
    segments: npt.NDArray[np.int64]
    length: int


class TextTokenizer:
    """Cleans texts and cuts them into tokens.

    A context (what was said before) is put behind the sentence; the end of the sentence and the
    start of the context give way when both are too long.

    Args:
        path: a ``tokenizer.json`` of the tokenizers library.
        max_tokens: of a text with its context, special tokens included.
        context_tokens: of a context.

    Raises:
        TokenizerError: if the file is missing or damaged.
        ValueError: if not even the special tokens fit.
    """

    def __init__(self, path: Path, max_tokens: int = 64, context_tokens: int = 32) -> None:
        if not path.is_file():
            raise TokenizerError(f"no tokenizer at {path}")
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises the bare class
            raise TokenizerError(f"{path} is not a readable tokenizer: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._single = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._pair = self._tokenizer.num_special_tokens_to_add(is_pair=True)
        if max_tokens <= self._pair:
            raise ValueError(f"{max_tokens} tokens leave no room beside {self._pair} special ones")
        self.max_tokens = max_tokens
        self.context_tokens = context_tokens

    def tokenize(self, text: str, context: str = "") -> TokenizedText:
        """Return the tokens of a text, cleaned first, with what was said before it."""
        sentence = self._cut(clean_text(text))
        sentence.truncate(self.max_tokens - self._single)
        length = len(sentence)
        room = min(self.context_tokens, self.max_tokens - self._pair - length)
        before = self._cut(clean_text(context[-MAX_CHARACTERS:])) if room > 0 else None
        if before is None or len(before) == 0:
            return _tokenized(self._tokenizer.post_process(sentence), length)
        before.truncate(room, direction="left")
        return _tokenized(self._tokenizer.post_process(sentence, before), length)

    def _cut(self, text: str) -> Encoding:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def __call__(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> Tokens:
        """Tokenise a batch.

        Raises:
            ValueError: if texts and contexts differ in number.
        """
        before = [""] * len(texts) if contexts is None else contexts
        if len(before) != len(texts):
            raise ValueError(f"{len(texts)} texts have {len(before)} contexts")
        return pad([self.tokenize(*pair) for pair in zip(texts, before, strict=True)])


def pad(parts: Sequence[TokenizedText]) -> Tokens:
    """Put tokenised texts into one batch as wide as the longest, at least one token."""
    width = max((len(part.numbers) for part in parts), default=0)
    numbers = np.zeros((len(parts), max(width, 1)), dtype=np.int64)
    segments = np.full_like(numbers, PADDING)
    for row, part in enumerate(parts):
        numbers[row, : len(part.numbers)] = part.numbers
        segments[row, : len(part.segments)] = part.segments
    lengths = np.array([part.length for part in parts], dtype=np.int64)
    return Tokens(numbers, segments, lengths)


def _tokenized(encoding: Encoding, length: int) -> TokenizedText:
    segments = [
        max(kind, int(sequence == 1))
        for kind, sequence in zip(encoding.type_ids, encoding.sequence_ids, strict=True)
    ]
    return TokenizedText(
        np.array(encoding.ids, dtype=np.int64), np.array(segments, dtype=np.int64), length
    )
