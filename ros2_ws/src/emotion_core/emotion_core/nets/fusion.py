"""The fusion network: gated modalities into an LSTM.

Features of face and voice joined before an LSTM follow the robot study that this project grew from;
words as third modality, the presence mask and the gate are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import Modality

CLASSES = len(LABELS)
LEAST_RELIANCE: Final = 1e-3
"""On a modality that is there; so the shares of those that are there always add up to one."""


class FusionOutput(NamedTuple):
    """What the fusion network says at one step about N people.

    Attributes:
        logits: (N, 7), in label order.
        valence_arousal: (N, 2) in [-1, 1].
        weights: (N, 3), share of each modality in the order of `Modality`; 0 for a missing one.
        joint: (N, 3 * width), the gated features before the LSTM.
        memory: hidden and cell state after the step, (N, H) each.
    """

    logits: Tensor
    valence_arousal: Tensor
    weights: Tensor
    joint: Tensor
    memory: tuple[Tensor, Tensor]


class FusionNet(nn.Module):
    """Adds up what the modalities say, each as far as it can be relied on, and remembers.

    Modalities err independently of one another, so that their log-probabilities add up rather than
    average: two that agree are surer than either (a product of experts; Hinton, 2002). How far each
    is relied on, and what the past says, is learned.

    Args:
        feature_sizes: of face, voice and words: seven log-probabilities, valence, arousal and the
            embedding of each.
        width: of each modality's encoding.
        hidden_size: of the LSTM.
        dropout: of the encodings, in training.
    """

    def __init__(
        self,
        feature_sizes: Sequence[int],
        width: int = 48,
        hidden_size: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.feature_sizes = tuple(feature_sizes)
        self.encoders = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(size),
                nn.Linear(size, width),
                nn.GELU(),
                nn.Dropout(dropout),
            )
            for size in feature_sizes
        )
        # How much a modality counts depends on what it says, not on who else is there.
        self.gates = nn.ModuleList(nn.Linear(width + CLASSES, 1) for _ in feature_sizes)
        # Each model has learned how often its own corpus shows each emotion.
        self.prior = nn.Parameter(torch.zeros(len(Modality), CLASSES))
        self.cell = nn.LSTMCell(len(Modality) * width + CLASSES + len(Modality), hidden_size)
        self.logits = nn.Linear(hidden_size, CLASSES)
        self.affect = nn.Linear(hidden_size, 2)

    def blank(self, people: int) -> tuple[Tensor, Tensor]:
        """Return the memory of people never seen before."""
        zeros = self.logits.weight.new_zeros(people, self.cell.hidden_size)
        return zeros, zeros

    def forward(
        self,
        features: Sequence[Tensor],
        presence: Tensor,
        memory: tuple[Tensor, Tensor],
    ) -> FusionOutput:
        """Take one step.

        Args:
            features: of each modality, (N, size); rows of a missing modality may hold anything
                finite.
            presence: (N, 3), 1 where a modality is there, else 0.
            memory: hidden and cell state before the step, (N, H) each.
        """
        encoded = [encoder(vector) for encoder, vector in zip(self.encoders, features, strict=True)]
        said = [vector[:, :CLASSES] for vector in features]
        gates = torch.cat(
            [
                gate(torch.cat([encoding, opinion.exp()], dim=1))
                for gate, encoding, opinion in zip(self.gates, encoded, said, strict=True)
            ],
            dim=1,
        )
        # Masked first: what a missing modality holds may have made its gate endless.
        gates = gates.masked_fill(presence == 0, -1e9)
        reliance = (LEAST_RELIANCE + functional.softplus(gates)) * presence
        weights = reliance / reliance.sum(dim=1, keepdim=True).clamp_min(LEAST_RELIANCE)
        evidence = ((torch.stack(said, dim=1) - self.prior) * reliance[:, :, None]).sum(dim=1)
        evidence = evidence.log_softmax(dim=1)
        joint = torch.cat(
            [encoding * weights[:, index, None] for index, encoding in enumerate(encoded)], dim=1
        )
        hidden, cell = self.cell(torch.cat([joint, evidence, presence], dim=1), memory)
        logits = self.logits(hidden) + evidence
        return FusionOutput(logits, torch.tanh(self.affect(hidden)), weights, joint, (hidden, cell))

    def unroll(self, features: Sequence[Tensor], presence: Tensor) -> FusionOutput:
        """Take the steps of whole timelines from a blank memory.

        Args:
            features: of each modality, (N, T, size).
            presence: (N, T, 3).

        Returns:
            Every figure with a time axis after the first; the memory after the last step.
        """
        memory = self.blank(presence.shape[0])
        outputs = []
        for step in range(presence.shape[1]):
            output = self([vector[:, step] for vector in features], presence[:, step], memory)
            memory = output.memory
            outputs.append(output)
        return FusionOutput(
            torch.stack([output.logits for output in outputs], dim=1),
            torch.stack([output.valence_arousal for output in outputs], dim=1),
            torch.stack([output.weights for output in outputs], dim=1),
            torch.stack([output.joint for output in outputs], dim=1),
            memory,
        )
