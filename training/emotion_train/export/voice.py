"""The voice model in the form the robot runs: one ONNX graph from waveforms to emotion."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.inference.voice import OUTPUTS
from emotion_core.nets.vocal import VocalNet
from emotion_train.calibration import fit_temperature
from emotion_train.export.face import ExportError, describe_graph, round_weights, stored
from emotion_train.export.onnx_graph import export_graph
from emotion_train.fit import BEST
from emotion_train.runs import load_run
from emotion_train.tasks.voice.data import VoiceDataModule, VoiceDataset
from emotion_train.tasks.voice.module import VoiceModule
from emotion_train.tasks.voice.settings import VoiceExperiment


@dataclass(frozen=True)
class ExportedVoice:
    """The files of one exported voice model and the temperature in it."""

    graph: Path
    weights: Path
    temperature: float


class VoiceGraph(nn.Module):
    """A trained network from waveforms to calibrated probabilities.

    Args:
        network: with its features.
        temperature: by which the logits are divided.
    """

    def __init__(self, network: VocalNet, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, waveforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (N, samples) to probabilities (N, 7), affect (N, 2) and embedding (N, D)."""
        output = self.network(waveforms)
        probabilities = (output.logits / self.temperature).softmax(dim=1)
        return probabilities, output.valence_arousal, output.embedding


def export_voice(run: Path, directory: Path, *, checkpoint: str = BEST) -> ExportedVoice:
    """Write ``voice.onnx`` and ``voice.safetensors`` from a run.

    The temperature is fitted on the run's validation speakers.

    Raises:
        ExportError: if the run is no voice experiment.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, VoiceExperiment) or not isinstance(module, VoiceModule):
        raise ExportError(f"{run} is no run of the task voice")
    network = module.network
    round_weights(network)
    logits, labels = validation_logits(network, VoiceDataModule(experiment).valid)
    temperature = fit_temperature(logits, labels)
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "voice.safetensors"
    metadata = {
        "labels": json.dumps(LABELS),
        "version": importlib.metadata.version("emotion-train"),
        "sample_rate": str(SAMPLE_RATE),
        "window_seconds": repr(experiment.augmentation.window_seconds[1]),
        "temperature": repr(temperature),
        "experiment": experiment.model_dump_json(),
    }
    save_file(
        {name: stored(value) for name, value in network.state_dict().items()},
        weights,
        metadata=metadata,
    )
    weights.chmod(0o644)
    metadata["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    graph = directory / "voice.onnx"
    export_graph(
        VoiceGraph(network, temperature),
        torch.randn(2, 2 * SAMPLE_RATE),
        graph,
        input_name="waveforms",
        output_names=OUTPUTS,
        dynamic_axes={
            "waveforms": {0: "windows", 1: "samples"},
            **{name: {0: "windows"} for name in OUTPUTS},
        },
    )
    describe_graph(graph, metadata)
    return ExportedVoice(graph, weights, temperature)


@torch.no_grad()
def validation_logits(network: VocalNet, dataset: VoiceDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return a voice network's logits, float32 (n, 7), and the labels, int64 (n,)."""
    parts = [network(dataset[positions].waveforms).logits for positions in dataset.batches()]
    return torch.cat(parts).numpy(), dataset.labels.numpy()
