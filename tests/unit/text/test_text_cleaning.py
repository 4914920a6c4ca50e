from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.text.cleaning import MAX_CHARACTERS, as_transcript, clean_text, is_latin

pytestmark = pytest.mark.unit

ANY_TEXT = st.text(st.characters(), max_size=300)
"""Every code point, controls and lone surrogates included."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s “fine”", 'It\'s "fine"'),
        ("It\x92s", "It's"),
        ("nooooooo!!!!!", "nooo!!!"),
        ("so 😂", "so face with tears of joy"),
        ("👍🏽", "thumbs up sign"),
        ("❤️", "heavy black heart"),
        ("a\x00b\tc\r\nd", "a b c d"),
        ("\ud83d", ""),
        ("ﬁne", "fine"),
        ("  ", ""),
        ("", ""),
    ],
)
def test_clean_text(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@given(ANY_TEXT)
def test_a_clean_text_is_printable_and_can_be_encoded(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert all(character.isprintable() for character in cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_in_plain_text(text: str) -> None:
    plain = "".join(character for character in text if character.isascii())
    assert clean_text(clean_text(plain)) == clean_text(plain)


def test_long_texts_are_cut() -> None:
    assert len(clean_text("word " * 10_000)) <= MAX_CHARACTERS
    assert len(clean_text("\ufdfa" * 10_000)) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("I am fine", True),
        ("Ça va très bien", True),
        ("Ich heiße Łukasz", True),
        ("Мне очень грустно", False),
        ("我很高兴", False),
        ("मैं खुश हूँ", False),
        ("ok 我很高兴见到你", False),
        ("12 34!", True),
        ("", True),
    ],
)
def test_is_latin(text: str, latin: bool) -> None:
    assert is_latin(text) is latin


def test_as_transcript() -> None:
    assert as_transcript("“It’s OK,” she said — no?!") == "it's ok she said no"
    assert as_transcript("...") == ""
