"""Settings of an experiment on videos of faces."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import PositiveInt

from emotion_train.experiment import Experiment, Settings


class AffectVideoData(Settings):
    """Which clips, and how they come."""

    prepared: Path
    """Folder that ``emotion-train prepare affwild`` has filled."""
    batch_size: PositiveInt = 8


class CnnGruSettings(Settings):
    """See `emotion_core.nets.cnn_gru.CnnGru`."""

    name: Literal["cnn_gru"] = "cnn_gru"
    features: PositiveInt = 128
    hidden_size: PositiveInt = 64


class AffectVideoExperiment(Experiment):
    """One network for valence or for arousal."""

    task: Literal["affect_video"]
    target: Literal["valence", "arousal"]
    data: AffectVideoData
    network: CnnGruSettings = CnnGruSettings()
