from __future__ import annotations

import json

import pytest
import torch
from typer.testing import CliRunner

from emotion_core.nets.cnn_gru import CnnGru
from emotion_core.nets.four_block import FourBlockNet
from emotion_core.nets.residual_cnn import ResidualCnn
from emotion_core.nets.six_conv import SixConvNet
from emotion_train.cli import app
from emotion_train.zoo import NetworkSize, count_values

pytestmark = pytest.mark.unit


def test_six_conv_has_the_documented_size_and_layers() -> None:
    network = SixConvNet()
    assert count_values(network) == NetworkSize(total=5_810_183, trainable=5_805_191)
    kinds = [type(module).__name__ for module in network.modules()]
    layers = {
        "Conv2d": 6,
        "MaxPool2d": 5,
        "Dropout": 7,
        "Linear": 3,
    }
    assert {kind: kinds.count(kind) for kind in layers} == layers
    assert kinds.count("BatchNorm2d") + kinds.count("BatchNorm1d") == 7


def test_residual_cnn_has_the_size_of_its_appendix() -> None:
    network = ResidualCnn()
    assert count_values(network).trainable == 3_817_079
    shapes = []
    for module in network.modules():
        if isinstance(module, torch.nn.MaxPool2d):
            module.register_forward_hook(lambda *call: shapes.append(tuple(call[2].shape[1:])))
    network(torch.rand(2, 1, 48, 48))
    assert shapes == [(16, 24, 24), (32, 12, 12), (64, 6, 6), (128, 3, 3)]


@pytest.mark.parametrize(
    "network",
    [SixConvNet(), ResidualCnn(), FourBlockNet(), FourBlockNet((8, 16, 24, 32), 0.5, (20,))],
    ids=["six_conv", "residual_cnn", "four_block", "four_block_small"],
)
def test_classifiers_give_seven_logits(network: torch.nn.Module) -> None:
    assert network.eval()(torch.rand(3, 1, 48, 48)).shape == (3, 7)


def test_four_block_needs_four_filters() -> None:
    with pytest.raises(ValueError, match="four blocks"):
        FourBlockNet((64, 128))


def test_cnn_gru_describes_a_frame_by_50176_values() -> None:
    assert CnnGru().features.in_features == 50_176


def test_cnn_gru_is_many_to_many_and_causal() -> None:
    torch.manual_seed(0)
    network = CnnGru(features=8, hidden_size=4).eval()
    frames = torch.rand(2, 5, 3, 224, 224)
    with torch.no_grad():
        values = network(frames)
        changed = frames.clone()
        changed[:, 3] = 0.0
        others = network(changed)
    assert values.shape == (2, 5)
    torch.testing.assert_close(values[:, :3], others[:, :3])
    assert (values[:, 3:] != others[:, 3:]).all()


def test_the_command_lists_the_sizes() -> None:
    result = CliRunner().invoke(app, ["zoo", "--json"])
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["six_conv"]["parameters"] == 5_810_183
    assert rows["six_conv"]["trainable"] == 5_805_191
    assert rows["residual_cnn"]["parameters"] == 3_817_079
    assert rows["expression_net"]["parameters"] <= 5_000_000
