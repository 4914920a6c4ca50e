"""Names that users give to persons, and the identifiers that stand for persons otherwise."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Final

from emotion_core.memory.errors import InvalidNameError

MAXIMUM_NAME_LENGTH: Final = 100
"""In characters after normalisation."""

_IDENTIFIER: Final = re.compile(r"person-[0-9a-f]{12}")
_LINE_BREAKS: Final = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
# Signs that reorder what follows them could make one name look like another.
_DIRECTION_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Zl", "Zp", "Zs"})


def new_identifier() -> str:
    """Return a random identifier; it is drawn, not derived from the person."""
    return f"person-{secrets.token_hex(6)}"


def is_identifier(text: str) -> bool:
    """Tell whether the text has the form of an identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


def normalise_name(name: str) -> str:
    """Return the form of a name that is kept and compared: NFC, without spaces around it.

    Raises:
        InvalidNameError: if the name is empty or invisible, longer than ``MAXIMUM_NAME_LENGTH``,
            has more than one line or control characters, or looks like an identifier. The message
            does not repeat the name.
    """
    # Before anything else: normalising megabytes takes long, and NFC at most triples a text.
    if len(name) > 3 * MAXIMUM_NAME_LENGTH:
        raise InvalidNameError(_too_long(len(name)))
    stripped = name.strip(" \u00a0\u3000")
    if _LINE_BREAKS.intersection(stripped):
        raise InvalidNameError("a name must be on one line")
    try:
        stripped.encode()
    except UnicodeEncodeError as error:
        raise InvalidNameError("a name must be valid Unicode; it has lone surrogates") from error
    normal = unicodedata.normalize("NFC", stripped)
    if len(normal) > MAXIMUM_NAME_LENGTH:
        raise InvalidNameError(_too_long(len(normal)))
    categories = {unicodedata.category(character) for character in normal}
    if "Cc" in categories or _DIRECTION_OVERRIDES.intersection(normal):
        raise InvalidNameError("a name must not have control characters")
    if categories <= _INVISIBLE_CATEGORIES:
        raise InvalidNameError("a name must have at least one visible character")
    if is_identifier(normal):
        raise InvalidNameError("a name must not have the form of an identifier")
    return normal


def _too_long(length: int) -> str:
    return f"a name has at most {MAXIMUM_NAME_LENGTH} characters, this one has {length}"
