"""Our text network: a transformer encoder with heads for emotion and affect."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_core.text.tokenizing import PADDING, SENTENCE

TEXT_EMBEDDING = 128
"""Features under the heads of the text network."""


class TextOutput(NamedTuple):
    """What the text network says about N sentences.

    Attributes:
        label_logits: (N, 7), for the robot: one emotion of a sentence from any source.
        dialogue_logits: (N, 7), MELD's label of an utterance.
        mention_logits: (N, 7), independent of each other: GoEmotions' labels of a comment.
        valence_arousal: (N, 2) in [-1, 1], in the coordinates of the seven emotions.
        rating: (N, 2), EmoBank's valence and arousal, 1 to 5 mapped to -1 to 1.
        embedding: (N, 128), the features under the heads.
    """

    label_logits: Tensor
    dialogue_logits: Tensor
    mention_logits: Tensor
    valence_arousal: Tensor
    rating: Tensor
    embedding: Tensor


class TextNet(nn.Module):
    """Tokens to emotion.

    The encoder's last layer is averaged over the sentence, not over its context, and projected to
    the embedding.

    Args:
        encoder: a transformers encoder that takes ``input_ids`` and ``attention_mask``.
        dropout: before the heads.
    """

    def __init__(self, encoder: nn.Module, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        config: Any = encoder.config
        self._has_segments = getattr(config, "type_vocab_size", 0) > 1
        self.projection = nn.Sequential(nn.Linear(config.hidden_size, TEXT_EMBEDDING), nn.Tanh())
        self.dropout = nn.Dropout(dropout)
        self.label_head = nn.Linear(TEXT_EMBEDDING, len(LABELS))
        self.dialogue_head = nn.Linear(TEXT_EMBEDDING, len(LABELS))
        self.mention_head = nn.Linear(TEXT_EMBEDDING, len(LABELS))
        self.affect_head = nn.Linear(TEXT_EMBEDDING, 2)
        self.rating_head = nn.Linear(TEXT_EMBEDDING, 2)

    def forward(self, numbers: Tensor, segments: Tensor) -> TextOutput:
        """Score tokens.

        Args:
            numbers: int64 (N, T), see `emotion_core.text.tokenizing.Tokens`.
            segments: int64 (N, T), likewise.
        """
        inputs = {"input_ids": numbers, "attention_mask": (segments != PADDING).long()}
        if self._has_segments:
            inputs["token_type_ids"] = segments.clamp(min=0)
        states = self.encoder(**inputs).last_hidden_state
        weights = (segments == SENTENCE).to(states.dtype).unsqueeze(2)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
        embedding = self.projection(mean)
        kept = self.dropout(embedding)
        return TextOutput(
            label_logits=self.label_head(kept),
            dialogue_logits=self.dialogue_head(kept),
            mention_logits=self.mention_head(kept),
            valence_arousal=torch.tanh(self.affect_head(kept)),
            rating=self.rating_head(kept),
            embedding=embedding,
        )
