"""Scores that voice and words carry in their messages."""

from __future__ import annotations

import numpy as np
from emotion_bot_msgs.msg import Speech, Voice

from emotion_bot import stamps
from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import ModalityScores


def modality_scores(message: Voice | Speech) -> ModalityScores | None:
    """Return the scores in a message, at its time; None when it carries none.

    Raises:
        ValueError: if the probabilities are not those of the seven labels.
    """
    if not message.probabilities:
        return None
    if len(message.probabilities) != len(LABELS):
        raise ValueError(f"{len(message.probabilities)} probabilities for {len(LABELS)} labels")
    return ModalityScores(
        np.asarray(message.probabilities, np.float32),
        np.array([message.valence, message.arousal], np.float32),
        np.asarray(message.embedding, np.float32),
        stamps.seconds_from_stamp(message.header.stamp),
    )
