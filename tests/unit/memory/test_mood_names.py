"""Which names can be given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.memory.errors import InvalidNameError
from emotion_core.memory.names import (
    MAXIMUM_NAME_LENGTH,
    is_identifier,
    new_identifier,
    normalise_name,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "name",
    [
        "Anna",
        "O'Brien",
        'the "boss"',
        "Robert'); DROP TABLE person;--",
        "<script>alert(1)</script>",
        "🙂",
        "👩‍👩‍👧",
        "李小龍",
        "علي",
        "n" * MAXIMUM_NAME_LENGTH,
        "%s %d {} \\",
        "[red]bold[/]",
    ],
)
def test_names_of_people_stay_as_they_are(name: str) -> None:
    assert normalise_name(name) == name


def test_spaces_around_are_dropped_and_accents_composed() -> None:
    assert normalise_name("  Jose\u0301 ") == "José"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "visible"),
        ("   ", "visible"),
        ("\u200b\u200d", "visible"),
        ("two\nlines", "one line"),
        ("two\r\nlines", "one line"),
        ("two\u2028lines", "one line"),
        ("\nAnna", "one line"),
        ("bell\a", "control"),
        ("nul\0", "control"),
        ("\u202eannA", "control"),
        ("\ud800", "Unicode"),
        ("n" * 101, "has at most 100 characters, this one has 101"),
        ("n" * 10_000, "has at most 100 characters, this one has 10000"),
        ("person-0123456789ab", "identifier"),
    ],
)
def test_other_texts_are_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidNameError, match=reason):
        normalise_name(name)


@given(st.text(st.characters(), max_size=400))
def test_any_text_is_either_refused_or_normal_for_good(text: str) -> None:
    try:
        name = normalise_name(text)
    except InvalidNameError:
        return
    assert 0 < len(name) <= MAXIMUM_NAME_LENGTH
    assert len(name.splitlines()) == 1
    assert normalise_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    name.encode()


def test_the_reason_does_not_repeat_the_name() -> None:
    with pytest.raises(InvalidNameError) as refusal:
        normalise_name("Anna\nBerta")
    assert "Anna" not in str(refusal.value)


def test_identifiers_are_random_and_known_as_such() -> None:
    identifiers = {new_identifier() for _ in range(1000)}
    assert len(identifiers) == 1000
    assert all(map(is_identifier, identifiers))
    assert not is_identifier("Anna")
