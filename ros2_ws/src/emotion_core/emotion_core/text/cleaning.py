"""Bringing a sentence from any source into the form the text model was trained on."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 2000
"""What comes after this many characters of a text is not read."""

_QUOTES: Final = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"'})
_REPEATS: Final = re.compile(r"(.)\1{3,}", re.DOTALL)
_PICTOGRAPH: Final = "So"
_WITHOUT_WORDS: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Sk"})
"""Controls, formats, unassigned and private code points, and the modifiers of pictographs."""
_VARIATIONS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))


def clean_text(text: str) -> str:
    """Return a text without what the network cannot read.

    Pictographs become their Unicode names ("😂": "face with tears of joy"), which the vocabularies
    of most encoders lack the signs for. Typographic quotes become plain ones, Windows-1252
    characters read as Latin-1 are mended, more than three equal characters in a row become three,
    controls and lone surrogates become spaces. The case stays.

    Args:
        text: any string; only its first `MAX_CHARACTERS` characters count.
    """
    known = "".join(_mend(character) for character in text[:MAX_CHARACTERS])
    plain = unicodedata.normalize("NFKC", known).translate(_QUOTES)
    words = "".join(_words(character) for character in plain)
    return " ".join(_REPEATS.sub(r"\1\1\1", words).split())[:MAX_CHARACTERS]


def _mend(character: str) -> str:
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("cp1252", "ignore") or " "
    return character


def _words(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    category = unicodedata.category(character)
    if category == _PICTOGRAPH:
        return f" {unicodedata.name(character, '').lower()} "
    if category in _WITHOUT_WORDS or character in _VARIATIONS or character.isspace():
        return " "
    return character


def is_latin(text: str) -> bool:
    """Return whether at least half of the letters are Latin; true for a text without letters."""
    letters = [character for character in clean_text(text) if character.isalpha()]
    latin = sum(
        character.isascii() or unicodedata.name(character, "").startswith("LATIN")
        for character in letters
    )
    return 2 * latin >= len(letters)


def as_transcript(text: str) -> str:
    """Return a text as a speech recogniser writes it: lower case, of the signs only apostrophes."""
    kept = (
        character if character.isalnum() or character in "' " else " "
        for character in text.translate(_QUOTES).lower()
    )
    return " ".join("".join(kept).split())
