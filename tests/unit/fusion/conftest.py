"""A small fusion model with random weights, exported as the real one is."""

import json

import numpy as np
import pytest
import torch

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import SCORES, ModalityScores
from emotion_core.inference.fusion import INPUTS, OUTPUTS, FusionModel
from emotion_core.nets.fusion import FusionNet
from emotion_train.export.face import describe_graph
from emotion_train.export.fusion import FusionGraph
from emotion_train.export.onnx_graph import export_graph

EMBEDDING = 4
SIZES = (SCORES + EMBEDDING,) * 3


@pytest.fixture(scope="session")
def network():
    torch.manual_seed(3)
    return FusionNet(SIZES, width=8, hidden_size=12).eval()


@pytest.fixture(scope="session")
def fusion_file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("fusion") / "fusion.onnx"
    export_graph(
        FusionGraph(network, 1.0),
        (*(torch.randn(2, size) for size in SIZES), torch.ones(2, 3), *network.blank(2)),
        path,
        input_name=INPUTS,
        output_names=OUTPUTS,
        dynamic_axes={name: {0: "people"} for name in (*INPUTS, *OUTPUTS)},
    )
    describe_graph(path, {"labels": json.dumps(LABELS)})
    return path


@pytest.fixture
def model(fusion_file):
    return FusionModel(fusion_file)


@pytest.fixture
def scores():
    """Make scores in which one label leads."""

    def make(label: str, time: float = 0.0, share: float = 0.7) -> ModalityScores:
        probabilities = np.full(len(LABELS), (1 - share) / (len(LABELS) - 1), np.float32)
        probabilities[LABELS.index(label)] = share
        embedding = np.linspace(-1, 1, EMBEDDING, dtype=np.float32) * probabilities[1]
        return ModalityScores(probabilities, np.array([0.1, -0.2], np.float32), embedding, time)

    return make
