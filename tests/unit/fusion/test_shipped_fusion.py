"""The shipped fusion model fits the shipped models of the single modalities."""

import hashlib
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import SCORES, Evidence, ModalityScores
from emotion_core.inference.expression import ExpressionModel
from emotion_core.inference.fusion import FusionModel
from emotion_core.inference.text import TextModel
from emotion_core.inference.voice import VoiceModel
from emotion_core.nets.fusion import FusionNet
from emotion_core.resources import (
    FACE_MODEL,
    FUSION_MODEL,
    TEXT_MODEL,
    VOICE_MODEL,
    models_directory,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def shipped():
    return FusionModel(models_directory() / FUSION_MODEL)


def test_it_takes_the_features_of_the_shipped_models(shipped):
    models = models_directory()
    embeddings = (
        ExpressionModel(models / FACE_MODEL).embedding_size,
        VoiceModel(models / VOICE_MODEL).embedding_size,
        TextModel(models / TEXT_MODEL).embedding_size,
    )
    assert shipped.feature_sizes == tuple(SCORES + size for size in embeddings)


def test_graph_and_weights_are_the_same_network(shipped):
    path = models_directory() / "fusion.safetensors"
    assert shipped.metadata["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    with safe_open(path, "pt") as file:
        settings = json.loads(file.metadata()["experiment"])["network"]
    network = FusionNet(shipped.feature_sizes, settings["width"], settings["hidden_size"]).eval()
    network.load_state_dict(load_file(path))
    torch.manual_seed(0)
    features = [torch.randn(4, size) for size in shipped.feature_sizes]
    presence = torch.tensor([[1.0, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 0]])
    with torch.no_grad():
        wanted = network(features, presence, network.blank(4))
    found = shipped.step([f.numpy() for f in features], presence.numpy(), shipped.blank(4))
    probabilities = (wanted.logits / float(shipped.metadata["temperature"])).softmax(dim=1)
    torch.testing.assert_close(
        torch.from_numpy(found.probabilities), probabilities, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(torch.from_numpy(found.weights), wanted.weights, atol=1e-5, rtol=0)


@pytest.mark.parametrize("label", LABELS)
def test_a_sure_face_alone_is_believed(shipped, scores, label):
    size = shipped.feature_sizes[0] - SCORES
    made = scores(label, share=0.97)
    face = ModalityScores(
        made.probabilities, made.valence_arousal, torch.zeros(size).numpy(), made.time
    )
    features, presence = shipped.inputs(Evidence(face=face))
    memory = shipped.blank()
    for _ in range(10):
        result = shipped.step(features, presence, memory)
        memory = result.memory
    assert LABELS[int(result.probabilities[0].argmax())] == label
    assert result.weights[0].tolist() == [1.0, 0.0, 0.0]
