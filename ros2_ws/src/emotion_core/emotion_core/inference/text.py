"""The text model: sentences in, emotion probabilities out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.inference.session import ModelError, open_session
from emotion_core.text.cleaning import is_latin
from emotion_core.text.tokenizing import TextTokenizer, TokenizerError

Scores = npt.NDArray[np.float32]

INPUTS: Final = ("numbers", "segments")
OUTPUTS: Final = ("probabilities", "valence_arousal", "embedding")
CORPUS_OUTPUTS: Final = ("dialogue", "mentions", "rating")


@dataclass(frozen=True)
class TextScores:
    """What the text model says about N sentences.

    Attributes:
        probabilities: float32 (N, 7), calibrated, in the order of `affect.LABELS`.
        valence_arousal: float32 (N, 2) in [-1, 1].
        embedding: float32 (N, D), the features under the heads.
    """

    probabilities: Scores
    valence_arousal: Scores
    embedding: Scores


@dataclass(frozen=True)
class CorpusScores:
    """What the heads of the single corpora say about N sentences.

    Attributes:
        dialogue: float32 (N, 7), probabilities of MELD's label.
        mentions: float32 (N, 7), probability of each of GoEmotions' labels by itself.
        rating: float32 (N, 2), EmoBank's valence and arousal, 1 to 5 mapped to -1 to 1.
    """

    dialogue: Scores
    mentions: Scores
    rating: Scores


def tokenizer_path(model: Path) -> Path:
    """Return where the tokenizer of a text model lies: ``text_tokenizer.json`` beside text.onnx."""
    return model.with_name(f"{model.stem}_tokenizer.json")


class TextModel:
    """Runs the exported text model with onnxruntime, sentence by sentence.

    A sentence's scores do not depend on the others of a call, as they would if the sentences
    shared the ranges of the quantised activations.

    Args:
        path: ONNX file, with its tokenizer beside it; see `tokenizer_path`.
        threads: of the session; one leaves the other cores to the rest of the robot.

    Raises:
        ModelError: if one of the files is missing, damaged, made for other labels, or does not
            belong to the other.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, "text", INPUTS, (*OUTPUTS, *CORPUS_OUTPUTS), threads)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        sizes = {tensor.name: tensor.shape[-1] for tensor in self._session.get_outputs()}
        self.embedding_size: int = sizes["embedding"]
        self._latin_only = self.metadata.get("latin_only") == "true"
        self._tokenizer = self._load_tokenizer(path)

    def _load_tokenizer(self, model: Path) -> TextTokenizer:
        path = tokenizer_path(model)
        try:
            tokenizer = TextTokenizer(
                path, int(self.metadata["max_tokens"]), int(self.metadata["context_tokens"])
            )
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except TokenizerError as error:
            raise ModelError(str(error)) from error
        except (KeyError, ValueError) as error:
            raise ModelError(f"{model} does not say how long texts may be: {error}") from error
        if digest != self.metadata.get("tokenizer_sha256"):
            raise ModelError(f"{path} does not belong to {model}")
        return tokenizer

    def predict(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> TextScores:
        """Score sentences of any length and content.

        Only the start of a long sentence counts, see `TextTokenizer`. For a text without anything
        the model can read (empty, control characters, a script it does not know) the
        probabilities are equal, valence, arousal and embedding zero.

        Args:
            texts: N sentences; N may be 0.
            contexts: what was said before each, the newest last; None where it is not known.

        Raises:
            ValueError: if texts and contexts differ in number.
        """
        scores = TextScores(
            np.full((len(texts), len(LABELS)), 1.0 / len(LABELS), np.float32),
            np.zeros((len(texts), 2), np.float32),
            np.zeros((len(texts), self.embedding_size), np.float32),
        )
        self._run(
            OUTPUTS, texts, contexts, scores.probabilities, scores.valence_arousal, scores.embedding
        )
        return scores

    def predict_corpora(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> CorpusScores:
        """Score sentences as the annotators of the single corpora would.

        A text that cannot be read counts as one without emotion.

        Args:
            texts: see `predict`.
            contexts: see `predict`.

        Raises:
            ValueError: see `predict`.
        """
        neutral = np.eye(len(LABELS), dtype=np.float32)[[LABELS.index("neutral")] * len(texts)]
        scores = CorpusScores(neutral, neutral.copy(), np.zeros((len(texts), 2), np.float32))
        self._run(CORPUS_OUTPUTS, texts, contexts, scores.dialogue, scores.mentions, scores.rating)
        return scores

    def _run(
        self,
        names: Sequence[str],
        texts: Sequence[str],
        contexts: Sequence[str] | None,
        *targets: Scores,
    ) -> None:
        """Write the outputs of the sentences that can be read into the rows of the targets."""
        before = [""] * len(texts) if contexts is None else contexts
        if len(before) != len(texts):
            raise ValueError(f"{len(texts)} texts have {len(before)} contexts")
        for row, (text, context) in enumerate(zip(texts, before, strict=True)):
            if self._latin_only and not is_latin(text):
                continue
            tokens = self._tokenizer([text], [context])
            if tokens.lengths[0] == 0:
                continue
            results = self._session.run(
                list(names), {"numbers": tokens.numbers, "segments": tokens.segments}
            )
            for target, result in zip(targets, results, strict=True):
                target[row] = result[0]
