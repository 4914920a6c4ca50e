"""Face, voice and words of recordings through one network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from emotion_core.fusion.evidence import SCORES, SMALLEST_PROBABILITY
from emotion_core.nets.expression import ExpressionNet
from emotion_core.nets.fusion import FusionNet, FusionOutput
from emotion_core.nets.vocal import EMBEDDING_SIZE, VocalNet
from emotion_train.tasks.audiovisual.data import AudioVisualBatch
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.face.networks import make_network as make_face
from emotion_train.tasks.voice.module import make_network as make_voice


def log_features(logits: Tensor, valence_arousal: Tensor, embedding: Tensor) -> Tensor:
    """Return the fusion's input, (N, SCORES + D), as `ModalityScores.features` makes it."""
    logarithms = logits.log_softmax(dim=1).clamp(min=math.log(SMALLEST_PROBABILITY))
    return torch.cat([logarithms, valence_arousal, embedding], dim=1)


class AudioVisualNet(nn.Module):
    """Face network and voice network into the fusion network, the robot's own three.

    A branch exists only when its modality is used.

    Args:
        experiment: its settings.
    """

    def __init__(self, experiment: AudioVisualExperiment) -> None:
        super().__init__()
        settings, used = experiment.network, experiment.data.modalities
        self.face_size = SCORES + settings.face.widths[-1]
        self.voice_size = SCORES + EMBEDDING_SIZE
        self.face: ExpressionNet | None = None
        self.voice: VocalNet | None = None
        if "face" in used:
            face = make_face(settings.face)
            if not isinstance(face, ExpressionNet):
                raise TypeError(f"{settings.face.name} gives no embedding")
            # Nothing here is trained on annotators' votes.
            face.vote_head.requires_grad_(requires_grad=False)
            self.face = face
        if "voice" in used:
            self.voice = make_voice(settings.voice)
        fusion = settings.fusion
        self.fusion = FusionNet(
            (self.face_size, self.voice_size, fusion.words_size),
            fusion.width,
            fusion.hidden_size,
            fusion.dropout,
        )
        self.joint = nn.Identity()
        """Sees the gated features of all counted steps before the LSTM, (K, 3 * width)."""

    def forward(self, batch: AudioVisualBatch) -> FusionOutput:
        """Go through whole pieces; the crops are float (F, 1, 48, 48) in [0, 1]."""
        output = self.fusion.unroll(
            (
                _spread(self._face_rows(batch.crops), batch.crop_at),
                _spread(self._voice_rows(batch.windows), batch.window_at),
                batch.words,
            ),
            batch.presence,
        )
        self.joint(output.joint[batch.counted])
        return output

    def _face_rows(self, crops: Tensor) -> Tensor:
        if self.face is None or len(crops) == 0:
            return crops.new_zeros(0, self.face_size)
        output = self.face(_at_least_two(crops) if self.face.training else crops)
        rows = log_features(output.label_logits, output.valence_arousal, output.embedding)
        return rows[: len(crops)]

    def _voice_rows(self, windows: Tensor) -> Tensor:
        if self.voice is None or len(windows) == 0:
            return windows.new_zeros(0, self.voice_size)
        output = self.voice(_at_least_two(windows) if self.voice.training else windows)
        rows = log_features(output.logits, output.valence_arousal, output.embedding)
        return rows[: len(windows)]


def _at_least_two(rows: Tensor) -> Tensor:
    # Batch normalisation has no statistics of a single value.
    return rows if len(rows) > 1 else rows.repeat(2, *[1] * (rows.ndim - 1))


def _spread(rows: Tensor, index: Tensor) -> Tensor:
    """Return the rows (K, D) at (N, T) places, (N, T, D); NOTHING, which is -1, gives zeros."""
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])[index]
