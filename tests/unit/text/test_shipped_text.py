from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emotion_core.affect import LABELS
from emotion_core.inference.text import TextModel, tokenizer_path
from emotion_core.resources import models_directory
from emotion_train.evaluation.text import evaluate_text

pytestmark = pytest.mark.unit

LARGEST_FILE = 30_000_000
LEAST = {
    "meld": {"weighted_f1": 0.56},
    "goemotions": {"macro_f1": 0.56},
    "emobank": {"pearson_valence": 0.65, "pearson_arousal": 0.40},
}


@pytest.fixture(scope="module")
def path() -> Path:
    return models_directory() / "text.onnx"


@pytest.fixture(scope="module")
def model(path: Path) -> TextModel:
    return TextModel(path)


def test_files_belong_together(model: TextModel, path: Path) -> None:
    assert path.stat().st_size <= LARGEST_FILE
    assert json.loads(model.metadata["labels"]) == list(LABELS)
    digest = hashlib.sha256(tokenizer_path(path).read_bytes()).hexdigest()
    assert model.metadata["tokenizer_sha256"] == digest
    card = (models_directory() / "text.md").read_text(encoding="utf-8")
    assert model.metadata["version"] in card


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I am so happy, this is wonderful!", "happy"),
        ("i am so happy this is wonderful", "happy"),
        ("I feel so sad and lonely, I can't stop crying.", "sad"),
        ("i feel so sad and lonely i can't stop crying", "sad"),
        ("I hate you, you make me furious!", "angry"),
        ("I'm terrified, I'm so scared.", "fear"),
        ("Oh my god, I did not expect that at all! Wow!", "surprise"),
        ("The meeting is on the second floor.", "neutral"),
    ],
)
def test_plain_sentences(model: TextModel, text: str, label: str) -> None:
    assert LABELS[int(model.predict([text]).probabilities.argmax())] == label


def test_valence_follows_the_words(model: TextModel) -> None:
    good, bad = model.predict(["What a lovely day", "What an awful day"]).valence_arousal
    assert good[0] > 0.2
    assert bad[0] < -0.1


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(), max_size=400))
@example("\ud800\udfff\ud83d")
@example("\x00\x1b[31m")
@example("Мне очень грустно сегодня")
@example("😂" * 500)
@example("x" * 10_000)
@example("word " * 2_000)
@example("\ufdfa" * 10_000)
def test_any_text_has_scores(model: TextModel, text: str) -> None:
    scores = model.predict([text])
    corpora = model.predict_corpora([text])
    assert scores.probabilities.shape == (1, 7)
    assert scores.embedding.shape == (1, 128)
    for values in (
        scores.probabilities,
        scores.valence_arousal,
        scores.embedding,
        corpora.dialogue,
        corpora.mentions,
        corpora.rating,
    ):
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    np.testing.assert_allclose(scores.probabilities.sum(), 1.0, atol=1e-5)
    assert np.abs(scores.valence_arousal).max() <= 1.0


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "\ud83d", "Мне грустно", "我很高兴"])
def test_what_cannot_be_read_says_nothing(model: TextModel, text: str) -> None:
    scores = model.predict([text])
    np.testing.assert_allclose(scores.probabilities, 1.0 / len(LABELS))
    assert not scores.valence_arousal.any()
    assert not scores.embedding.any()
    assert model.predict_corpora([text]).mentions.argmax() == LABELS.index("neutral")


def test_no_sentences_no_scores(model: TextModel) -> None:
    scores = model.predict([])
    assert scores.probabilities.shape == (0, 7)
    assert scores.valence_arousal.shape == (0, 2)
    assert scores.embedding.shape == (0, model.embedding_size)
    with pytest.raises(ValueError, match="1 texts have 2 contexts"):
        model.predict(["a"], ["b", "c"])


@pytest.mark.slow
@pytest.mark.parametrize("dataset", LEAST)
def test_figures_on_the_validation_sentences(
    model: TextModel, dataset: str, data_root: Path, tmp_path: Path
) -> None:
    path = data_root / "text" / dataset
    if dataset == "goemotions":
        lines = (path / "dev.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / "dev.tsv").write_text("".join(lines[::3]), encoding="utf-8")
        path = tmp_path
    figures = evaluate_text(model, path, dataset, "dev").figures
    for name, least in LEAST[dataset].items():
        assert figures[name] >= least, figures
