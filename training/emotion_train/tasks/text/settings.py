"""Settings of an experiment on sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from emotion_train.experiment import Experiment, Fraction, Settings


class CorpusSettings(Settings):
    """One corpus of sentences."""

    path: Path
    """Its folder or file, relative to the data root."""
    repeats: PositiveInt = 1
    """How often an epoch goes through it."""


class TextData(Settings):
    """Which sentences, and how they come; null leaves a corpus out."""

    meld: CorpusSettings | None = CorpusSettings(path=Path("text/meld"))
    goemotions: CorpusSettings | None = CorpusSettings(path=Path("text/goemotions"))
    emobank: CorpusSettings | None = CorpusSettings(path=Path("text/emobank"))
    contexts: Literal["none", "only", "both"] = "both"
    """Utterances with what was said before them, without, or once with and once without."""
    train_split: str = "train"
    valid_split: str = "dev"
    batch_size: PositiveInt = 64
    limit: PositiveInt | None = None
    """Use only so many sentences of each split of each corpus, evenly spread."""


class TextAugmentation(Settings):
    """Random changes of the training sentences."""

    transcript: Fraction = 0.0
    """Probability that a sentence comes as a speech recogniser writes it."""


class TextNetwork(Settings):
    """See `emotion_core.nets.text.TextNet`."""

    name: Literal["text_net"] = "text_net"
    encoder: str = "all-MiniLM-L6-v2"
    """A Hugging Face model id, a folder with a model, or all-MiniLM-L6-v2 of its package."""
    pretrained: bool = True
    """False starts the encoder from random weights."""
    frozen_embeddings: bool = False
    """The vocabulary's vectors stay as they are, which saves half of the optimiser's work."""
    frozen_layers: NonNegativeInt = 0
    """So many of the lowest layers stay as they are."""
    dropout: Fraction = 0.1
    attention_dropout: Fraction = 0.0
    latin_only: bool = True
    """The encoder knows no other script: the robot takes such sentences as saying nothing."""
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 64
    context_tokens: Annotated[int, Field(ge=0, le=512)] = 32


class TextObjective(Settings):
    """Weights of the parts of the loss; every sentence of a batch counts alike."""

    label: NonNegativeFloat = 0.5
    """Cross-entropy of the robot's emotion, on all sentences that have one."""
    dialogue: NonNegativeFloat = 1.0
    """Cross-entropy of MELD's label."""
    mention: NonNegativeFloat = 1.0
    """Sum over the classes of the binary cross-entropies of GoEmotions' labels."""
    valence_arousal: NonNegativeFloat = 0.5
    """Squared error against the coordinates of the labelled emotions."""
    rating: NonNegativeFloat = 0.5
    """Squared error of EmoBank's ratings in units of their deviation in the training part."""
    label_smoothing: Fraction = 0.0


class EncoderRates(Settings):
    """Learning rates of the encoder, as factors of the heads'."""

    encoder: Annotated[float, Field(gt=0.0)] = 0.1
    """Of the last layer."""
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    """From each layer to the one below (Howard & Ruder, 2018)."""


class TextExperiment(Experiment):
    """An experiment on sentences."""

    task: Literal["text"]
    data: TextData = TextData()
    network: TextNetwork = TextNetwork()
    augmentation: TextAugmentation = TextAugmentation()
    objective: TextObjective = TextObjective()
    rates: EncoderRates = EncoderRates()
