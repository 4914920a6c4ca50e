"""The face model in the form the robot runs: one ONNX graph from grey crops to expression."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emotion_core.affect import LABELS
from emotion_core.nets.expression import CROP_SIDE, FaceOutput
from emotion_train.calibration import fit_temperature
from emotion_train.errors import TrainingError
from emotion_train.export.onnx_graph import export_graph
from emotion_train.fit import BEST
from emotion_train.runs import load_run
from emotion_train.tasks.face.data import FaceDataModule, FaceDataset
from emotion_train.tasks.face.module import FaceModule, predicted_logits
from emotion_train.tasks.face.settings import FaceExperiment

OUTPUTS = ("probabilities", "valence_arousal", "embedding")


class ExportError(TrainingError):
    """A run cannot be exported; the message says why."""


@dataclass(frozen=True)
class ExportedFace:
    """The files of one exported face model and the temperature in it."""

    graph: Path
    weights: Path
    temperature: float


def require_heads(output: FaceOutput) -> tuple[Tensor, Tensor]:
    """Return valence/arousal and embedding.

    Raises:
        ExportError: if the network does not give them.
    """
    if output.valence_arousal is None or output.embedding is None:
        raise ExportError("the network has no heads for affect and embedding")
    return output.valence_arousal, output.embedding


class FaceGraph(nn.Module):
    """A trained network from uint8 crops to calibrated probabilities.

    Args:
        network: with all the heads of `FaceOutput`.
        votes_in_prediction: share of the vote head in the logits.
        temperature: by which the logits are divided.
    """

    def __init__(self, network: nn.Module, votes_in_prediction: float, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.votes_in_prediction = votes_in_prediction
        self.temperature = temperature

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map uint8 (N, 48, 48) to probabilities (N, 7), affect (N, 2) and embedding (N, D)."""
        output: FaceOutput = self.network(crops.unsqueeze(1).float() / 255.0)
        logits = predicted_logits(output, self.votes_in_prediction) / self.temperature
        return logits.softmax(dim=1), *require_heads(output)


def export_face(run: Path, directory: Path, *, checkpoint: str = BEST) -> ExportedFace:
    """Write ``face.onnx`` and ``face.safetensors`` from a run.

    The temperature is fitted on the run's validation split.

    Raises:
        ExportError: if the run is no face experiment or its network lacks a head.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, FaceExperiment) or not isinstance(module, FaceModule):
        raise ExportError(f"{run} is no run of the task face")
    network = module.network
    round_weights(network)
    share = experiment.objective.votes_in_prediction
    data = FaceDataModule(experiment)
    logits, labels = validation_logits(network, data.valid, share)
    temperature = fit_temperature(logits, labels)
    directory.mkdir(parents=True, exist_ok=True)
    weights = directory / "face.safetensors"
    metadata = {
        "labels": json.dumps(LABELS),
        "version": importlib.metadata.version("emotion-train"),
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
    graph = directory / "face.onnx"
    export_graph(
        FaceGraph(network, share, temperature),
        torch.zeros(2, CROP_SIDE, CROP_SIDE, dtype=torch.uint8),
        graph,
        input_name="crops",
        output_names=OUTPUTS,
        dynamic_axes={name: {0: "faces"} for name in ("crops", *OUTPUTS)},
    )
    describe_graph(graph, metadata)
    return ExportedFace(graph, weights, temperature)


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round kernels to half precision, so that the weights file needs half the room."""
    for parameter in network.parameters():
        if parameter.ndim > 1:
            parameter.copy_(parameter.half())


@torch.no_grad()
def validation_logits(
    network: nn.Module, dataset: FaceDataset, votes_in_prediction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a face network's logits, float32 (n, 7), and the labels, int64 (n,)."""
    parts = []
    for positions in dataset.batches():
        output = network(dataset.images[positions].unsqueeze(1).float() / 255.0)
        if not isinstance(output, FaceOutput):
            raise ExportError("the network has no heads for votes, affect and embedding")
        parts.append(predicted_logits(output, votes_in_prediction))
    return torch.cat(parts).numpy(), dataset.labels.numpy()


def stored(value: Tensor) -> Tensor:
    """Return a weight as it is kept in a file: kernels in half precision, see `round_weights`."""
    kernel = value.is_floating_point() and value.ndim > 1
    return (value.half() if kernel else value).contiguous()


def describe_graph(path: Path, metadata: dict[str, str]) -> None:
    """Check an ONNX file and write these metadata into it."""
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
