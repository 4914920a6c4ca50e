"""Settings of an experiment on fusion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from emotion_train.experiment import Experiment, Fraction, Settings

Range = tuple[float, float]
"""Least and greatest value of an even distribution."""


class TimelineSettings(Settings):
    """How timelines are composed from single faces, utterances and sentences; times in s."""

    steps: PositiveInt = 200
    """Of 0.1 s."""
    emotions: tuple[NonNegativeFloat, ...] = (0.173, 0.251, 0.168, 0.139, 0.143, 0.015, 0.111)
    """How often each emotion comes, in label order: as in FER2013's training part, whose pictures
    were found by emotion words on the web. Equal shares would make rare ones be seen everywhere."""
    hold: Range = (2.0, 8.0)
    """How long an emotion lasts."""
    after_speech: Range = (0.5, 3.0)
    """How long it lasts at least after what was said in it."""
    face_lead: Range = (-0.2, 0.3)
    """When the face changes, after the emotion does."""
    face_hold: Range = (0.8, 4.0)
    """How long one picture of a face stays, in slightly changed copies."""
    face_missing: Fraction = 0.15
    """Probability that the face is out of sight for a part of a hold."""
    speech: Fraction = 0.75
    """Probability that something is said during a hold."""
    speech_lead: Range = (0.0, 1.2)
    """When an utterance begins, after the emotion does."""
    words_delay: Range = (0.2, 1.2)
    """When the words of an utterance are recognised, after its end."""
    contradiction: tuple[Fraction, Fraction, Fraction] = (0.1, 0.2, 0.1)
    """Probability, for face, voice and words and each hold, that it shows another emotion.

    In training only. Models know the voices and sentences they were trained on better than any they
    will hear; without more contradiction there the fusion would trust them too much.
    """
    absence: Fraction = 0.2
    """Probability, for each modality and timeline, that it is missing throughout; one stays."""


class FusionSources(Settings):
    """From which corpora timelines are composed, and which models score them."""

    faces: Path = Path("fer2013")
    """Relative to the data root, as everything here."""
    faces_split: str = "train"
    faces_limit: PositiveInt = 1000
    """Of each emotion."""
    face_copies: PositiveInt = 4
    """Of each picture, as the frames of a video would show it."""
    voices: Path = Path("ravdess")
    voices_split: str = "train"
    sentences: Path = Path("text/meld")
    sentences_split: str = "train"
    sentences_limit: PositiveInt = 500
    """Of each emotion."""


class FusionData(Settings):
    """Which timelines are trained and validated on."""

    train: FusionSources = FusionSources()
    valid: FusionSources = FusionSources(
        faces_split="valid", voices_split="valid", sentences_split="dev"
    )
    models: Path | None = None
    """Folder with face.onnx, voice.onnx and text.onnx; the shipped ones."""
    timelines: TimelineSettings = TimelineSettings()
    count: PositiveInt = 4096
    """Of training timelines in an epoch."""
    valid_count: PositiveInt = 512
    batch_size: PositiveInt = 64


class FusionNetSettings(Settings):
    """See `emotion_core.nets.fusion.FusionNet`."""

    name: Literal["fusion_net"] = "fusion_net"
    feature_sizes: tuple[PositiveInt, PositiveInt, PositiveInt] = (265, 137, 137)
    """Of face, voice and words: nine scores and the embedding of each model."""
    width: PositiveInt = 48
    hidden_size: PositiveInt = 64
    dropout: Fraction = 0.3


class FusionObjective(Settings):
    """What the network is asked to match."""

    label_smoothing: Fraction = 0.05
    valence_arousal: NonNegativeFloat = 0.5
    """Weight of the squared error of valence and arousal."""
    onset: PositiveFloat = 0.3
    """Seconds after a change of emotion in which a step counts less."""
    onset_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    feature_noise: NonNegativeFloat = 0.1
    """Deviation of noise on the features, in units of their own deviation."""


class FusionExperiment(Experiment):
    """An experiment on timelines."""

    task: Literal["fusion"]
    data: FusionData = FusionData()
    network: FusionNetSettings = FusionNetSettings()
    objective: FusionObjective = FusionObjective()
