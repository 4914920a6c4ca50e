"""The fusion model in the form the robot runs: one ONNX graph for one step."""

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
from emotion_core.fusion.evidence import Modality
from emotion_core.inference.fusion import INPUTS, OUTPUTS
from emotion_core.nets.fusion import FusionNet
from emotion_train.calibration import fit_temperature
from emotion_train.export.face import ExportError, describe_graph
from emotion_train.export.onnx_graph import export_graph
from emotion_train.fit import BEST
from emotion_train.runs import load_run
from emotion_train.tasks.fusion.data import FusionDataModule, TimelineDataset
from emotion_train.tasks.fusion.module import FusionModule
from emotion_train.tasks.fusion.settings import FusionExperiment


@dataclass(frozen=True)
class ExportedFusion:
    """The files of one exported fusion model and the temperature in it."""

    graph: Path
    weights: Path
    temperature: float


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


def export_fusion(run: Path, directory: Path, *, checkpoint: str = BEST) -> ExportedFusion:
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
    temperature = fit_temperature(logits, labels)
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "fusion.safetensors"
    metadata = {
        "labels": json.dumps(LABELS),
        "version": importlib.metadata.version("emotion-train"),
        "temperature": repr(temperature),
        "experiment": experiment.model_dump_json(),
    }
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, weights, metadata=metadata)
    weights.chmod(0o644)
    metadata["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    graph = directory / "fusion.onnx"
    people = 2
    export_graph(
        FusionGraph(network, temperature),
        (
            *(torch.randn(people, size) for size in network.feature_sizes),
            torch.ones(people, len(Modality)),
            *network.blank(people),
        ),
        graph,
        input_name=INPUTS,
        output_names=OUTPUTS,
        dynamic_axes={name: {0: "people"} for name in (*INPUTS, *OUTPUTS)},
    )
    describe_graph(graph, metadata)
    return ExportedFusion(graph, weights, temperature)


@torch.no_grad()
def timeline_logits(network: FusionNet, dataset: TimelineDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, float32 (n, 7), and labels, int64 (n,), of every step of all timelines."""
    logits, labels = [], []
    for positions in dataset.batches():
        batch = dataset[positions]
        logits.append(network.unroll(batch.features, batch.presence).logits.flatten(0, 1))
        labels.append(batch.labels.flatten())
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()
