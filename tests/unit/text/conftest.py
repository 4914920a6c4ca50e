from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

EMOTION_WORDS = {
    "neutral": "table",
    "joy": "lovely",
    "sadness": "lonely",
    "anger": "furious",
    "fear": "scary",
    "disgust": "rotten",
    "surprise": "sudden",
}
"""By MELD's names: the word that gives the emotion away in the corpora made here."""
FILLERS = ("the", "day", "was", "so", "it", "and", "a")
MELD_HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID"


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of two layers and a tokenizer for the made-up sentences."""
    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *EMOTION_WORDS.values(), *FILLERS]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return folder


def sentence(emotion: str, number: int) -> str:
    """One of several sentences with the emotion's word in it."""
    fillers = [FILLERS[(number + place) % len(FILLERS)] for place in range(3 + number % 4)]
    fillers.insert(number % 3, EMOTION_WORDS[emotion])
    return " ".join(fillers)


@pytest.fixture(scope="session")
def text_corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All three corpora in their official layouts, with a word for each emotion to be learnt."""
    root = tmp_path_factory.mktemp("corpora")
    names = list(EMOTION_WORDS)
    for split, count in (("train", 8), ("dev", 3)):
        rows = [MELD_HEADER]
        lines = []
        for number in range(count * len(names)):
            emotion = names[number % len(names)]
            said = sentence(emotion, number)
            rows.append(f'{number + 1},"{said}",Ann,{emotion},x,{number // 5},{number % 5}')
            lines.append(f"{said}\t{sorted(names).index(emotion)}\tid{number}")
        (root / "meld").mkdir(exist_ok=True)
        (root / "goemotions").mkdir(exist_ok=True)
        (root / "meld" / f"{split}_sent_emo.csv").write_text("\n".join(rows) + "\n", "utf-8")
        (root / "goemotions" / f"{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    (root / "goemotions" / "labels.txt").write_text("\n".join(sorted(names)), "utf-8")
    ratings = ["id,split,V,A,D,text"]
    for number in range(60):
        happy = number % 2
        word = "joy" if happy else "sadness"
        split = "dev" if number % 5 == 0 else "train"
        said = sentence(word, number)
        ratings.append(f"x{number},{split},{2 + 2 * happy}.{number % 4},{3 + happy},3,{said}")
    (root / "emobank").mkdir()
    (root / "emobank" / "emobank.csv").write_text("\n".join(ratings) + "\n", "utf-8")
    return root


@pytest.fixture(scope="session")
def text_experiment(text_corpora: Path, tiny_encoder: Path) -> Callable[[Path], Path]:
    """Writes a text experiment that a test can afford into a folder."""

    def write(folder: Path) -> Path:
        content = {
            "name": "words",
            "task": "text",
            "seed": 3,
            "data": {
                "meld": {"path": str(text_corpora / "meld")},
                "goemotions": {"path": str(text_corpora / "goemotions")},
                "emobank": {"path": str(text_corpora / "emobank")},
                "batch_size": 16,
            },
            "network": {"encoder": str(tiny_encoder), "max_tokens": 24, "context_tokens": 8},
            "augmentation": {"transcript": 0.3},
            "optimizer": {
                "name": "adamw",
                "learning_rate": 0.01,
                "schedule": {"name": "constant"},
            },
            "rates": {"encoder": 0.3},
            "trainer": {"epochs": 10},
        }
        path = folder / "words.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write
