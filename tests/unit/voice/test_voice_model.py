from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors import safe_open

from emotion_core.affect import LABELS
from emotion_core.inference.expression import ModelError
from emotion_core.inference.voice import VoiceModel
from emotion_core.nets.vocal import EMBEDDING_SIZE
from emotion_core.resources import models_directory
from emotion_train.checkpoints import load_state
from emotion_train.corpora.utterances import read_waveform
from emotion_train.evaluation.voice import evaluate_voice, utterance_probabilities
from emotion_train.export.voice import VoiceGraph
from emotion_train.tasks.voice.module import make_network
from emotion_train.tasks.voice.settings import VoiceExperiment
from emotion_train.zoo import count_values

pytestmark = pytest.mark.unit

RATE = 16_000
LARGEST_NETWORK = 3_000_000
LEAST_UAR = 0.6
"""What the shipped model must not fall below; its card says what it reaches."""


@pytest.fixture(scope="module")
def model() -> VoiceModel:
    return VoiceModel(models_directory() / "voice.onnx")


@pytest.fixture(scope="module")
def buzz() -> np.ndarray:
    time = np.arange(3 * RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 150 * harmonic * time) for harmonic in range(1, 8))
    return (0.1 * voice * np.sin(2 * np.pi * 3 * time)).astype(np.float32)[None]


def test_interface(model: VoiceModel) -> None:
    assert (model.sample_rate, model.window_seconds) == (RATE, 3.0)
    assert model.embedding_size == EMBEDDING_SIZE == 128
    for count in (0, 1, 3):
        scores = model.predict(np.zeros((count, RATE), np.float32))
        assert scores.probabilities.shape == (count, 7)
        assert scores.valence_arousal.shape == (count, 2)
        assert scores.embedding.shape == (count, 128)


def test_metadata_belongs_to_the_weights(model: VoiceModel) -> None:
    weights = models_directory() / "voice.safetensors"
    assert json.loads(model.metadata["labels"]) == list(LABELS)
    assert model.metadata["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    card = (models_directory() / "voice.md").read_text(encoding="utf-8")
    assert model.metadata["version"] in card


def test_graph_and_weights_are_the_same_network(model: VoiceModel, buzz: np.ndarray) -> None:
    weights = models_directory() / "voice.safetensors"
    with safe_open(weights, framework="pt") as content:
        state = {name: content.get_tensor(name).float() for name in content.keys()}  # noqa: SIM118
    experiment = VoiceExperiment.model_validate_json(model.metadata["experiment"])
    network = make_network(experiment.network).eval()
    load_state(network, state, str(weights))
    assert count_values(network).trainable <= LARGEST_NETWORK
    graph = VoiceGraph(network, float(model.metadata["temperature"]))
    random = np.random.default_rng(0)
    for seconds in (1.0, 1.73, 3.0):
        samples = round(seconds * RATE)
        noise = random.standard_normal((2, samples)).astype(np.float32)
        waveforms = np.concatenate([buzz[:, :samples], noise])
        waveforms /= np.abs(waveforms).max(axis=1, keepdims=True)
        silence = 3 * RATE - samples
        filled = np.pad(waveforms, ((0, 0), (silence, 0)))
        with torch.no_grad():
            expected = graph(torch.from_numpy(filled))
        scores = model.predict(waveforms)
        np.testing.assert_allclose(scores.probabilities, expected[0], atol=1e-3)
        np.testing.assert_allclose(scores.valence_arousal, expected[1], atol=1e-3)
        np.testing.assert_allclose(scores.embedding, expected[2], atol=1e-2)


def test_silence_says_nothing(model: VoiceModel, buzz: np.ndarray) -> None:
    scores = model.predict(np.stack([np.zeros_like(buzz[0]), buzz[0]]))
    np.testing.assert_allclose(scores.probabilities[0], 1 / 7, rtol=1e-6)
    assert not scores.valence_arousal[0].any()
    assert not scores.embedding[0].any()
    alone = model.predict(buzz)
    np.testing.assert_allclose(scores.probabilities[1], alone.probabilities[0], atol=1e-5)
    assert np.abs(scores.embedding[1]).max() > 0


def test_the_level_does_not_matter(model: VoiceModel, buzz: np.ndarray) -> None:
    loud = model.predict(buzz)
    for level in (1e-30, 1e-3, 0.1):
        quiet = model.predict((level * buzz).astype(np.float32))
        np.testing.assert_allclose(quiet.probabilities, loud.probabilities, atol=1e-3)


def test_of_a_long_window_the_newest_part_counts(model: VoiceModel, buzz: np.ndarray) -> None:
    random = np.random.default_rng(0)
    older = random.standard_normal((1, 5 * RATE)).astype(np.float32)
    both = model.predict(np.concatenate([older, buzz], axis=1))
    np.testing.assert_allclose(both.probabilities, model.predict(buzz).probabilities, atol=1e-6)


def test_a_short_window_is_filled_up(model: VoiceModel, buzz: np.ndarray) -> None:
    short = buzz[:, : RATE // 2]
    filled = np.pad(short, ((0, 0), (3 * RATE - short.shape[1], 0)))
    np.testing.assert_array_equal(
        model.predict(short).probabilities, model.predict(filled).probabilities
    )
    assert np.isfinite(model.predict(buzz[:, :1]).probabilities).all()
    np.testing.assert_allclose(model.predict(buzz[:, :0]).probabilities, 1 / 7, rtol=1e-6)


def test_samples_that_are_not_finite_count_as_silence(model: VoiceModel, buzz: np.ndarray) -> None:
    spoilt, muted = buzz.copy(), buzz.copy()
    spoilt[0, 100:200] = np.nan
    spoilt[0, 300] = np.inf
    spoilt[0, 301] = -np.inf
    muted[0, 100:200] = 0.0
    muted[0, 300:302] = 0.0
    np.testing.assert_array_equal(
        model.predict(spoilt).probabilities, model.predict(muted).probabilities
    )


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 2), st.integers(0, 4000)),
        elements=st.floats(width=32),
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_samples_give_probabilities(waveforms: np.ndarray) -> None:
    scores = SHARED.predict(waveforms)
    np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1.0, atol=1e-4)
    assert (np.abs(scores.valence_arousal) <= 1.0).all()
    assert np.isfinite(scores.embedding).all()


SHARED = VoiceModel(models_directory() / "voice.onnx")


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(RATE, np.float32),
        np.zeros((1, RATE), np.int16),
        np.zeros((1, RATE), np.float64),
        np.zeros((1, 1, RATE), np.float32),
    ],
)
def test_other_shapes_and_types_are_refused(model: VoiceModel, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"float32 \(N, samples\)"):
        model.predict(wrong)


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        VoiceModel(tmp_path / "nowhere.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes((models_directory() / "voice.onnx").read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"damaged\.onnx"):
        VoiceModel(damaged)
    with pytest.raises(ModelError, match="no voice model"):
        VoiceModel(models_directory() / "face.onnx")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", '["neutral"]'),
        ("labels", "no json"),
        ("sample_rate", "8000"),
        ("window_seconds", "long"),
        ("window_seconds", None),
    ],
)
def test_a_model_of_another_version_is_refused(tmp_path: Path, key: str, value: str | None) -> None:
    graph = onnx.load(models_directory() / "voice.onnx")
    kept = {entry.key: entry.value for entry in graph.metadata_props}
    kept.pop(key)
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, kept if value is None else {**kept, key: value})
    other = tmp_path / "other.onnx"
    onnx.save(graph, other)
    with pytest.raises(ModelError, match=r"other\.onnx"):
        VoiceModel(other)


def test_held_actors_are_understood(model: VoiceModel, data_root: Path) -> None:
    experiment = VoiceExperiment.model_validate_json(model.metadata["experiment"])
    held = {corpus.dataset: corpus.valid_speakers for corpus in experiment.data.corpora}["ravdess"]
    evaluation = evaluate_voice(
        model, data_root / "ravdess", "ravdess", split="valid", speakers=held
    )
    assert evaluation.speakers == held == (19, 20)
    assert evaluation.figures.n == 120
    assert evaluation.uar >= LEAST_UAR


@pytest.mark.parametrize("seconds", [0.5, 3.0, 5.0])
def test_silence_around_an_utterance_makes_no_difference(
    model: VoiceModel, buzz: np.ndarray, seconds: float
) -> None:
    utterance = np.tile(buzz[0], 2)[: round(seconds * RATE)]
    alone = utterance_probabilities(model, utterance)
    amid_silence = utterance_probabilities(model, np.pad(utterance, 4 * RATE))
    np.testing.assert_array_equal(alone, amid_silence)


def test_speech_that_nobody_acted_is_scored(model: VoiceModel, data_root: Path) -> None:
    waveform = read_waveform(data_root / "clips" / "jfk.flac")
    probabilities = utterance_probabilities(model, waveform)
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-4)
