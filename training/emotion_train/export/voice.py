"""The voice model in the form the robot runs: one ONNX graph from waveforms to emotion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.inference.voice import INPUTS, OUTPUTS
from emotion_core.nets.vocal import VocalNet
from emotion_train.calibration import fit_temperature
from emotion_train.checkpoints import BEST
from emotion_train.experiment import Experiment
from emotion_train.export.files import (
    ExportedModel,
    ExportError,
    describe_graph,
    describe_model,
    round_weights,
    save_weights,
)
from emotion_train.export.onnx_graph import export_graph
from emotion_train.runs import load_run
from emotion_train.tasks.voice.data import VoiceDataModule, VoiceDataset
from emotion_train.tasks.voice.module import VoiceModule
from emotion_train.tasks.voice.settings import VoiceExperiment


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


def export_voice(run: Path, directory: Path, *, checkpoint: str = BEST) -> ExportedModel:
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
    return write_voice(
        VoiceGraph(network, temperature),
        directory,
        experiment,
        experiment.augmentation.window_seconds[1],
    )


def write_voice(
    module: VoiceGraph, directory: Path, experiment: Experiment, window_seconds: float
) -> ExportedModel:
    """Write ``voice.onnx`` and ``voice.safetensors``.

    Args:
        module: its network is rounded, see `round_weights`.
        directory: for the files.
        experiment: that trained it.
        window_seconds: the longest window that it was trained on.
    """
    metadata = describe_model(
        experiment,
        module.temperature,
        sample_rate=str(SAMPLE_RATE),
        window_seconds=repr(window_seconds),
    )
    weights = directory / "voice.safetensors"
    metadata = save_weights(module.network, weights, metadata, rounded=True)
    graph = directory / "voice.onnx"
    waveforms = INPUTS[0]
    export_graph(
        module,
        torch.randn(2, 2 * SAMPLE_RATE),
        graph,
        input_name=waveforms,
        output_names=OUTPUTS,
        dynamic_axes={
            waveforms: {0: "windows", 1: "samples"},
            **{name: {0: "windows"} for name in OUTPUTS},
        },
    )
    describe_graph(graph, metadata)
    return ExportedModel(graph, weights, module.temperature)


@torch.no_grad()
def validation_logits(network: VocalNet, dataset: VoiceDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return a voice network's logits, float32 (n, 7), and the labels, int64 (n,)."""
    parts = [network(dataset[positions].waveforms).logits for positions in dataset.batches()]
    return torch.cat(parts).numpy(), dataset.labels.numpy()
