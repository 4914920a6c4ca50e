"""The fusion model in the form the robot runs: one ONNX graph for one step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emotion_core.fusion.evidence import Modality
from emotion_core.inference.fusion import INPUTS, OUTPUTS
from emotion_core.nets.fusion import FusionNet
from emotion_train.calibration import fit_temperature
from emotion_train.checkpoints import BEST
from emotion_train.experiment import Experiment
from emotion_train.export.files import (
    ExportedModel,
    ExportError,
    describe_graph,
    describe_model,
    save_weights,
)
from emotion_train.export.onnx_graph import export_graph
from emotion_train.runs import load_run
from emotion_train.tasks.fusion.data import FusionDataModule, TimelineDataset
from emotion_train.tasks.fusion.module import FusionModule
from emotion_train.tasks.fusion.settings import FusionExperiment


class FusionGraph(nn.Module):
    """A trained network as one step with calibrated probabilities.

    Args:
        network: the trained one.
        temperature: by which the logits are divided.
    """

    def __init__(self, network: FusionNet, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(
        self,
        face: Tensor,
        voice: Tensor,
        words: Tensor,
        presence: Tensor,
        hidden: Tensor,
        cell: Tensor,
    ) -> tuple[Tensor, ...]:
        """See `emotion_core.inference.fusion.FusionModel.step`."""
        output = self.network((face, voice, words), presence, (hidden, cell))
        probabilities = (output.logits / self.temperature).softmax(dim=1)
        return probabilities, output.valence_arousal, output.weights, *output.memory


def export_fusion(run: Path, directory: Path, *, checkpoint: str = BEST) -> ExportedModel:
    """Write ``fusion.onnx`` and ``fusion.safetensors`` from a run.

    The temperature is fitted on the run's validation timelines.

    Raises:
        ExportError: if the run is no fusion experiment.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, FusionExperiment) or not isinstance(module, FusionModule):
        raise ExportError(f"{run} is no run of the task fusion")
    network = module.network.eval()
    logits, labels = timeline_logits(network, FusionDataModule(experiment).valid)
    return write_fusion(
        FusionGraph(network, fit_temperature(logits, labels)), directory, experiment
    )


def write_fusion(module: FusionGraph, directory: Path, experiment: Experiment) -> ExportedModel:
    """Write ``fusion.onnx`` and ``fusion.safetensors`` of what an experiment has trained."""
    weights = directory / "fusion.safetensors"
    metadata = describe_model(experiment, module.temperature)
    metadata = save_weights(module.network, weights, metadata)
    graph = directory / "fusion.onnx"
    people = 2
    export_graph(
        module,
        (
            *(torch.randn(people, size) for size in module.network.feature_sizes),
            torch.ones(people, len(Modality)),
            *module.network.blank(people),
        ),
        graph,
        input_name=INPUTS,
        output_names=OUTPUTS,
        dynamic_axes={name: {0: "people"} for name in (*INPUTS, *OUTPUTS)},
    )
    describe_graph(graph, metadata)
    return ExportedModel(graph, weights, module.temperature)


@torch.no_grad()
def timeline_logits(network: FusionNet, dataset: TimelineDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, float32 (n, 7), and labels, int64 (n,), of every step of all timelines."""
    logits, labels = [], []
    for positions in dataset.batches():
        batch = dataset[positions]
        logits.append(network.unroll(batch.features, batch.presence).logits.flatten(0, 1))
        labels.append(batch.labels.flatten())
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()
