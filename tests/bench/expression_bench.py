"""The expression network's time per face: onnxruntime on one core against torch eager."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from emotion_core.inference.expression import ExpressionModel
from emotion_core.resources import models_directory
from emotion_train.checkpoints import load_weights
from emotion_train.export.face import FaceGraph
from emotion_train.tasks.registry import load_experiment

_BATCHES = (1, 4)
_REPETITIONS = 200


def run() -> dict[str, Any]:
    """Return the median ms per call of both engines for one and four faces, one thread each."""
    model = ExpressionModel(models_directory() / "face.onnx", threads=1)
    network = torch_network(model)
    graph = FaceGraph(network, 0.0).eval()
    results: dict[str, Any] = {"parameters": sum(p.numel() for p in network.parameters())}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for batch in _BATCHES:
            crops = np.random.default_rng(0).integers(0, 256, (batch, 48, 48), dtype=np.uint8)
            tensor = torch.from_numpy(crops)
            engines: dict[str, Callable[[], object]] = {
                "onnxruntime": lambda crops=crops: model.predict(crops),
                "torch_eager": lambda tensor=tensor: graph(tensor),
            }
            with torch.inference_mode():
                figures = _alternating_medians(engines)
            results[f"faces_{batch}"] = {
                **{f"{name}_ms": value for name, value in figures.items()},
                "ratio": figures["torch_eager"] / figures["onnxruntime"],
            }
    finally:
        torch.set_num_threads(threads)
    return results


def torch_network(model: ExpressionModel) -> torch.nn.Module:
    """Return the network that the model was exported from, with the shipped weights, for eval."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "experiment.yaml")
        path.write_text(yaml.safe_dump(json.loads(model.metadata["experiment"])))
        experiment, task = load_experiment(path)
    module = task.module(experiment)
    load_weights(module, models_directory() / "face.safetensors")
    return module.network.eval()


def _alternating_medians(engines: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Measure the engines in turn, so that a change of the machine's speed meets all alike."""
    samples: dict[str, list[float]] = {name: [] for name in engines}
    for repetition in range(_REPETITIONS):
        for name, engine in engines.items():
            started = time.perf_counter()
            engine()
            if repetition >= _REPETITIONS // 10:
                samples[name].append((time.perf_counter() - started) * 1e3)
    return {name: float(np.median(values)) for name, values in samples.items()}
