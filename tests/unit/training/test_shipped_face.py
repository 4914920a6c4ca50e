from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from emotion_core.affect import LABELS
from emotion_core.inference.expression import LARGEST_BATCH, ExpressionModel
from emotion_core.resources import models_directory
from emotion_train.checkpoints import load_state
from emotion_train.corpora.fer2013 import load_fer2013
from emotion_train.evaluation.face import ExportedFace, evaluate_face
from emotion_train.export.face import FaceGraph
from emotion_train.tasks.face.networks import make_network
from emotion_train.tasks.face.settings import FaceExperiment
from emotion_train.zoo import count_values

pytestmark = pytest.mark.unit

LEAST_ACCURACY = 0.67
LARGEST_NETWORK = 5_000_000


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    return ExpressionModel(models_directory() / "face.onnx")


@pytest.fixture(scope="module")
def weights() -> Path:
    return models_directory() / "face.safetensors"


def test_metadata_belongs_to_the_weights(model: ExpressionModel, weights: Path) -> None:
    assert json.loads(model.metadata["labels"]) == list(LABELS)
    assert model.metadata["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert model.metadata["version"]
    assert model.metadata["version"] in (models_directory() / "face.md").read_text(encoding="utf-8")


def test_graph_and_weights_are_the_same_network(model: ExpressionModel, weights: Path) -> None:
    with safe_open(weights, framework="pt") as content:
        keys = content.keys()
        state = {name: content.get_tensor(name).float() for name in keys}
    experiment = FaceExperiment.model_validate_json(model.metadata["experiment"])
    network = make_network(experiment.network).eval()
    load_state(network, state, str(weights))
    assert count_values(network).total <= LARGEST_NETWORK
    graph = FaceGraph(
        network,
        experiment.objective.votes_in_prediction,
        float(model.metadata["temperature"]),
    )
    crops = np.random.default_rng(0).integers(0, 256, (16, 48, 48)).astype(np.uint8)
    with torch.no_grad():
        expected = graph(torch.from_numpy(crops))
    scores, votes = model.predict_with_votes(crops)
    for ours, theirs in zip(
        (scores.probabilities, scores.valence_arousal, votes),
        (expected[0], expected[1], expected[3]),
        strict=True,
    ):
        # The shipped graph computes in int8, with ranges from faces, which noise is not.
        assert np.abs(ours - theirs.numpy()).mean() < 0.02
        np.testing.assert_allclose(ours, theirs, atol=0.15)
    correlation = np.corrcoef(scores.embedding.ravel(), expected[2].numpy().ravel())[0, 1]
    assert correlation > 0.99


def test_many_faces_are_scored_as_each_alone(model: ExpressionModel) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (LARGEST_BATCH + 3, 48, 48)).astype(np.uint8)
    together, votes = model.predict_with_votes(crops)
    assert len(votes) == len(crops)
    for place in (0, LARGEST_BATCH - 1, LARGEST_BATCH, len(crops) - 1):
        alone = model.predict(crops[place : place + 1])
        np.testing.assert_allclose(together.probabilities[place], alone.probabilities[0], atol=1e-5)
        np.testing.assert_allclose(together.embedding[place], alone.embedding[0], atol=1e-4)


def test_accuracy_on_the_validation_faces(model: ExpressionModel, data_root: Path) -> None:
    figures = evaluate_face(ExportedFace(model), data_root / "fer2013", "valid").label
    assert figures.n == 3545
    assert figures.accuracy >= LEAST_ACCURACY
    assert figures.ece <= 0.05


def test_valence_agrees_with_the_label(model: ExpressionModel, data_root: Path) -> None:
    corpus = load_fer2013(data_root / "fer2013", "valid")
    valence = model.predict(corpus.images[::7]).valence_arousal[:, 0]
    labels = corpus.labels[::7]
    happy, sad = (valence[labels == LABELS.index(name)].mean() for name in ("happy", "sad"))
    assert happy > 0.3
    assert sad < -0.1
