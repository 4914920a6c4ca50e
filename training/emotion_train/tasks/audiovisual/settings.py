"""Settings of an experiment on recordings with face, voice and words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator

from emotion_train.experiment import Experiment, Fraction, Settings
from emotion_train.tasks.face.settings import ExpressionNetSettings
from emotion_train.tasks.voice.settings import VocalNetSettings

ModalityName = Literal["face", "voice", "words"]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class RecordingsSettings(Settings):
    """One prepared corpus."""

    prepared: Path
    """Folder that ``emotion-train prepare`` has filled; relative to the data root."""
    valid_share: Share = 0.15
    """Of the speakers, validated on, in a corpus without splits of its own."""
    test_share: Share = 0.15
    """Of the speakers, kept for testing."""
    split_seed: int = 0
    """Of the choice of speakers; the same for all runs that are compared."""


class AudioVisualData(Settings):
    """Which recordings, and how they come; times in s."""

    corpora: Annotated[tuple[RecordingsSettings, ...], Field(min_length=1)]
    modalities: tuple[ModalityName, ...] = ("face", "voice", "words")
    """What the network gets."""
    segment: PositiveFloat = 12.0
    """Longer recordings are cut into pieces of about this length, each with a blank memory."""
    tail: NonNegativeFloat = 1.0
    """Added after the end of a recording: the robot knows words only when they have been said."""
    voice_window: PositiveFloat = 3.0
    """Longest piece of an utterance that is scored at once."""
    voice_hop: PositiveFloat = 0.5
    """From one scored window to the next."""
    text_model: Path | None = None
    """text.onnx whose features the words have; the shipped one."""
    batch_size: PositiveInt = 8
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    """Balanced draws every emotion equally often, with replacement."""
    limit: PositiveInt | None = None
    """Use only so many recordings of each corpus and split, evenly spread, for quick trials."""

    @field_validator("modalities")
    @classmethod
    def _some_and_once(cls, names: tuple[ModalityName, ...]) -> tuple[ModalityName, ...]:
        if not names or len(set(names)) < len(names):
            raise ValueError("name at least one modality, each once")
        return names


class BranchStart(Settings):
    """What one part of the network begins with."""

    start: Literal["frozen", "fine_tuned", "reinitialised"] = "fine_tuned"
    """Trained weights that stay, trained weights that go on, or random ones."""
    weights: Path | None = None
    """The part's ``.safetensors``, or folder or ``.ckpt`` of a run of it or of this task; the
    shipped model. A reinitialised part does not need it."""


class Branches(Settings):
    """What each part begins with; a part whose modality is not used begins with nothing."""

    face: BranchStart = BranchStart()
    voice: BranchStart = BranchStart()
    fusion: BranchStart = BranchStart(start="reinitialised")


class FusionPartSettings(Settings):
    """See `emotion_core.nets.fusion.FusionNet`."""

    width: PositiveInt = 48
    hidden_size: PositiveInt = 64
    dropout: Fraction = 0.3
    words_size: PositiveInt = 137
    """Nine scores and the embedding of the text model."""


class AudioVisualNetSettings(Settings):
    """The parts of `emotion_train.tasks.audiovisual.network.AudioVisualNet`."""

    face: ExpressionNetSettings = ExpressionNetSettings()
    voice: VocalNetSettings = VocalNetSettings(widths=(32, 64, 128, 160))
    fusion: FusionPartSettings = FusionPartSettings()


class AudioVisualAugmentation(Settings):
    """Random changes of the training recordings; zero switches a change off."""

    rotation_deg: NonNegativeFloat = 0.0
    """Of each crop, as the next three."""
    translation: Fraction = 0.0
    scale: Share = 0.0
    flip: Fraction = 0.0
    noise: Fraction = 0.0
    """Probability of noise in a voice window."""
    noise_snr_db: tuple[float, float] = (0.0, 30.0)
    modality_dropout: Fraction = 0.0
    """Probability, for each modality and recording, that it is missing throughout; one stays."""


class AudioVisualObjective(Settings):
    """What the network is asked to match; every weight may be zero."""

    label: NonNegativeFloat = 1.0
    """Weight of the cross-entropy, in corpora of emotions."""
    label_smoothing: Fraction = 0.0
    coordinates: NonNegativeFloat = 0.5
    """Weight of the squared distance to the emotion's published valence and arousal."""
    concordance: NonNegativeFloat = 1.0
    """Weight of one minus the concordance correlation (Lin, 1989), in corpora of ratings."""


class AudioVisualExperiment(Experiment):
    """An experiment on recordings."""

    task: Literal["audiovisual"]
    data: AudioVisualData
    network: AudioVisualNetSettings = AudioVisualNetSettings()
    branches: Branches = Branches()
    fine_tuning_rate: PositiveFloat = 0.1
    """Factor of the learning rate of fine-tuned parts."""
    augmentation: AudioVisualAugmentation = AudioVisualAugmentation()
    objective: AudioVisualObjective = AudioVisualObjective()
