"""The networks this project can train, with their sizes and sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from emotion_core.nets.cnn_gru import CnnGru
from emotion_core.nets.expression import ExpressionNet
from emotion_core.nets.four_block import SECOND_FILTERS, FourBlockNet
from emotion_core.nets.residual_cnn import ResidualCnn
from emotion_core.nets.six_conv import SixConvNet
from emotion_core.nets.vocal import VocalNet


@dataclass(frozen=True)
class NetworkSize:
    """Counts of values in a network.

    Attributes:
        total: parameters and the statistics of normalisation layers.
        trainable: parameters alone.
    """

    total: int
    trainable: int


@dataclass(frozen=True)
class ZooEntry:
    """One network: how it is made, for what, and whose it is.

    Attributes:
        name: in experiment files.
        make: builds it.
        task: what it tells.
        source: whose design it is.
        statistics_count: the source counts the statistics of batch normalisation as parameters,
            as Keras does; torch does not.
    """

    name: str
    make: Callable[[], nn.Module]
    task: str
    source: str
    statistics_count: bool = False

    def parameters(self) -> int:
        """Return the number of parameters as its source counts them."""
        size = self.size()
        return size.total if self.statistics_count else size.trainable

    def size(self) -> NetworkSize:
        """Count without allocating weights."""
        with torch.device("meta"):
            return count_values(self.make())


def count_values(network: nn.Module) -> NetworkSize:
    """Count a network's values; counters of batches are none."""
    trainable = sum(parameter.numel() for parameter in network.parameters())
    statistics = sum(buffer.numel() for buffer in network.buffers() if buffer.is_floating_point())
    return NetworkSize(trainable + statistics, trainable)


def make_text_net() -> nn.Module:
    """Build the text network around an untrained MiniLM."""
    # Their import takes seconds, which the other networks need not wait for.
    from emotion_train.tasks.text.networks import make_network
    from emotion_train.tasks.text.settings import TextNetwork

    return make_network(TextNetwork(pretrained=False))


ZOO = (
    ZooEntry("expression_net", ExpressionNet, "seven emotions, valence, arousal", "this project"),
    ZooEntry(
        "six_conv",
        SixConvNet,
        "seven emotions",
        "Hameed, capstone study",
        statistics_count=True,
    ),
    ZooEntry("residual_cnn", ResidualCnn, "seven emotions", "Dykun, augmentation study"),
    ZooEntry("four_block", FourBlockNet, "seven emotions", "Onghena and Belo, best filters"),
    ZooEntry(
        "four_block_second",
        lambda: FourBlockNet(SECOND_FILTERS),
        "seven emotions",
        "Onghena and Belo, second-best filters",
    ),
    ZooEntry("vocal_net", VocalNet, "seven emotions, valence, arousal of a voice", "this project"),
    ZooEntry(
        "text_net",
        make_text_net,
        "seven emotions, valence, arousal of a sentence",
        "this project, on MiniLM-L6 (Wang et al., 2020)",
    ),
    ZooEntry("cnn_gru", CnnGru, "valence or arousal of 10 frames", "Ng et al., course project"),
)
