"""Settings of an experiment on face crops."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from emotion_train.experiment import Experiment, Fraction, Settings


class FaceData(Settings):
    """Which faces, and how they come."""

    path: Path = Path("fer2013")
    """fer2013.csv or a folder of splits; relative to the data root."""
    votes: Path | None = None
    """FER+ votes, relative to the data root; without them the votes' losses are left out."""
    train_split: str = "train"
    valid_split: str = "valid"
    holdout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """Share of the training split that is validated on instead of the valid split, stratified."""
    batch_size: PositiveInt = 128
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    """Balanced draws every class equally often, with replacement."""
    limit: PositiveInt | None = None
    """Use only so many faces of each split, evenly spread, for quick trials."""


class FaceAugmentation(Settings):
    """Random changes of the training crops; every zero switches its change off."""

    rotation_deg: NonNegativeFloat = 0.0
    translation: Fraction = 0.0
    """Of the crop's side."""
    scale: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """0.2 scales by 0.8 to 1.2."""
    shear_deg: NonNegativeFloat = 0.0
    flip: Fraction = 0.0
    """Probability of mirroring left and right."""
    erase: Fraction = 0.0
    """Probability of filling a rectangle with the crop's mean (Zhong, 2017)."""
    mixup: NonNegativeFloat = 0.0
    """Both parameters of the Beta distribution (Zhang, 2018)."""
    cutmix: NonNegativeFloat = 0.0
    """Both parameters of the Beta distribution (Yun, 2019); with mixup, each takes half."""
    mix_probability: Fraction = 1.0
    """Share of the batches that mixup or cutmix changes."""


class ExpressionNetSettings(Settings):
    """See `emotion_core.nets.expression.ExpressionNet`."""

    name: Literal["expression_net"] = "expression_net"
    widths: tuple[PositiveInt, ...] = (48, 96, 192, 256)
    depths: tuple[PositiveInt, ...] = (1, 2, 2, 1)
    squeeze: PositiveInt = 8
    drop_path: Fraction = 0.0
    dropout: Fraction = 0.0


class SixConvSettings(Settings):
    """See `emotion_core.nets.six_conv.SixConvNet`."""

    name: Literal["six_conv"]
    dropout: Fraction = 0.25


class FourBlockSettings(Settings):
    """See `emotion_core.nets.four_block.FourBlockNet`."""

    name: Literal["four_block"]
    filters: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (64, 128, 1028, 512)
    dropout: Fraction = 0.25
    dense: tuple[PositiveInt, ...] = (256, 512)


class ResidualCnnSettings(Settings):
    """See `emotion_core.nets.residual_cnn.ResidualCnn`."""

    name: Literal["residual_cnn"]
    dropout: Fraction = 0.25


FaceNetwork = Annotated[
    ExpressionNetSettings | SixConvSettings | FourBlockSettings | ResidualCnnSettings,
    Field(discriminator="name"),
]


class FaceObjective(Settings):
    """What the network is asked to match."""

    loss: Literal["cross_entropy", "mse", "dice"] = "cross_entropy"
    """Of the label head; mse and dice compare probabilities."""
    label_smoothing: Fraction = 0.0
    votes_in_label: Fraction = 0.0
    """Share of the vote distribution in the label head's target."""
    votes: NonNegativeFloat = 0.0
    """Weight of the vote head's cross-entropy."""
    valence_arousal: NonNegativeFloat = 0.0
    """Weight of the squared error of valence and arousal."""
    votes_in_prediction: Fraction = 0.0
    """Share of the vote head's logits in the prediction that is validated and exported."""


class FaceExperiment(Experiment):
    """An experiment on face crops."""

    task: Literal["face"]
    data: FaceData = FaceData()
    network: FaceNetwork = ExpressionNetSettings()
    augmentation: FaceAugmentation = FaceAugmentation()
    objective: FaceObjective = FaceObjective()
