"""The exported fusion network against torch, and what it makes of missing modalities."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.fusion.evidence import Evidence, Modality, ModalityScores
from emotion_core.inference.fusion import FusionModel
from emotion_core.inference.session import ModelError

pytestmark = pytest.mark.unit


def test_the_graph_and_the_network_agree_over_many_steps(model, network):
    generator = np.random.default_rng(1)
    features = [
        generator.normal(size=(3, 20, size)).astype(np.float32) for size in model.feature_sizes
    ]
    presence = (generator.random((3, 20, 3)) < 0.6).astype(np.float32)
    with torch.no_grad():
        expected = network.unroll(
            [torch.from_numpy(f) for f in features], torch.from_numpy(presence)
        )
    memory = model.blank(3)
    for step in range(20):
        found = model.step([f[:, step] for f in features], presence[:, step], memory)
        memory = found.memory
        wanted = expected.logits[:, step].softmax(dim=1).numpy()
        np.testing.assert_allclose(found.probabilities, wanted, atol=1e-5)
        np.testing.assert_allclose(found.weights, expected.weights[:, step].numpy(), atol=1e-5)


@given(present=st.lists(st.booleans(), min_size=3, max_size=3), seed=st.integers(0, 1000))
def test_weights_belong_to_what_is_there_and_sum_to_one(network, present, seed):
    torch.manual_seed(seed)
    presence = torch.tensor([[float(value) for value in present]])
    features = [torch.randn(1, size) * 5 for size in network.feature_sizes]
    with torch.no_grad():
        weights = network(features, presence, network.blank(1)).weights[0]
    assert weights[presence[0] == 0].abs().sum() == 0
    assert float(weights.sum()) == pytest.approx(float(any(present)), abs=1e-5)


def test_what_a_missing_modality_holds_changes_nothing(network):
    features = [torch.randn(1, size) for size in network.feature_sizes]
    presence = torch.tensor([[1.0, 0.0, 1.0]])
    first = network(features, presence, network.blank(1))
    features[Modality.VOICE] = torch.full_like(features[Modality.VOICE], 1e3)
    second = network(features, presence, network.blank(1))
    torch.testing.assert_close(first.logits, second.logits)


def test_scores_of_another_model_version_or_not_finite_count_as_missing(model, scores):
    good = scores("happy")
    other = ModalityScores(good.probabilities, good.valence_arousal, np.ones(9, np.float32), 0.0)
    broken = ModalityScores(
        np.full(7, np.nan, np.float32), good.valence_arousal, good.embedding, 0.0
    )
    _, presence = model.inputs(Evidence(face=good, voice=other, words=broken))
    assert presence.tolist() == [[1.0, 0.0, 0.0]]


def test_a_missing_or_foreign_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"no fusion model at .*absent\.onnx"):
        FusionModel(tmp_path / "absent.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"damaged\.onnx is not a readable ONNX model"):
        FusionModel(damaged)
