"""Settings of an experiment on voices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from emotion_train.experiment import Experiment, Fraction, Settings

Ratio = Annotated[float, Field(ge=1.0, le=1.5)]


class VoiceCorpusSettings(Settings):
    """One corpus and who of it is kept from training."""

    dataset: Literal["ravdess", "emodb"]
    path: Path
    """Relative to the data root."""
    valid_speakers: tuple[PositiveInt, ...] = ()
    """Validated on, and never trained on."""
    share: PositiveFloat = 1.0
    """Of the training samples, against the other corpora's."""


class VoiceData(Settings):
    """Which utterances, and how they come."""

    corpora: tuple[VoiceCorpusSettings, ...] = (
        VoiceCorpusSettings(dataset="ravdess", path=Path("ravdess"), valid_speakers=(19, 20)),
        VoiceCorpusSettings(dataset="emodb", path=Path("emodb")),
    )
    batch_size: PositiveInt = 64
    repeats: PositiveInt = 1
    """How often an epoch goes through the utterances."""
    limit: PositiveInt | None = None
    """Use only so many utterances of each corpus and split, evenly spread, for quick trials."""


class VoiceAugmentation(Settings):
    """Random changes of the training utterances; zero (one, for ratios) switches a change off."""

    window_seconds: tuple[PositiveFloat, PositiveFloat] = (1.0, 3.0)
    """Shortest and longest window cut from an utterance; one length for a batch."""
    noise: Fraction = 0.0
    """Probability of added noise: white to brown, or other voices of the batch."""
    noise_snr_db: tuple[float, float] = (0.0, 30.0)
    reverberation: Fraction = 0.0
    """Probability of a room response: noise that decays exponentially."""
    reverberation_seconds: tuple[PositiveFloat, PositiveFloat] = (0.1, 0.6)
    """Shortest and longest time in which the response falls by 60 dB."""
    band_limit: Fraction = 0.0
    """Probability of a narrow band such as a telephone's."""
    equaliser_db: NonNegativeFloat = 0.0
    """Largest gain of a smooth random frequency response."""
    vocal_tract: Ratio = 1.0
    """1.15 multiplies all frequencies of a voice by 1/1.15 to 1.15."""
    tempo: Ratio = 1.0
    """1.15 changes the speed by 1/1.15 to 1.15, the pitch kept; one for a batch."""
    time_masks: int = 0
    time_mask_frames: PositiveInt = 25
    band_masks: int = 0
    band_mask_bands: PositiveInt = 8
    mixup: NonNegativeFloat = 0.0
    """Both parameters of the Beta distribution (Zhang, 2018)."""
    mix_probability: Fraction = 1.0
    """Share of the batches that mixup changes."""

    @model_validator(mode="after")
    def _ranges_ascend(self) -> VoiceAugmentation:
        for name in ("window_seconds", "noise_snr_db", "reverberation_seconds"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: {low} is above {high}")
        return self


class VocalNetSettings(Settings):
    """See `emotion_core.nets.vocal.VocalNet`."""

    name: Literal["vocal_net"] = "vocal_net"
    widths: tuple[PositiveInt, ...] = (24, 48, 96, 128)
    depths: tuple[PositiveInt, ...] = (1, 1, 1, 1)
    squeeze: PositiveInt = 8
    drop_path: Fraction = 0.0
    dropout: Fraction = 0.0


class VoiceObjective(Settings):
    """What the network is asked to match."""

    label_smoothing: Fraction = 0.0
    valence_arousal: NonNegativeFloat = 0.0
    """Weight of the squared error of valence and arousal."""


class VoiceExperiment(Experiment):
    """An experiment on voices."""

    task: Literal["voice"]
    data: VoiceData = VoiceData()
    network: VocalNetSettings = VocalNetSettings()
    augmentation: VoiceAugmentation = VoiceAugmentation()
    objective: VoiceObjective = VoiceObjective()
