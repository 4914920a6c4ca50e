"""The face model in the form the robot runs: one ONNX graph from grey crops to expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emotion_core.inference.expression import INPUTS, OUTPUTS, VOTES
from emotion_core.nets.expression import CROP_SIDE, FaceOutput
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
from emotion_train.export.quantisation import Feed, quantise_convolutions
from emotion_train.runs import load_run
from emotion_train.tasks.face.data import FaceDataModule, FaceDataset
from emotion_train.tasks.face.module import FaceModule, predicted_logits
from emotion_train.tasks.face.settings import FaceExperiment

CALIBRATION_FACES = 512
"""Of the training part, from which the ranges of int8 activations are taken."""
CALIBRATION_BATCH = 64


class FaceGraph(nn.Module):
    """A trained network from uint8 crops to calibrated probabilities.

    Args:
        network: with all the heads of `FaceOutput`.
        votes_in_prediction: share of the vote head in the logits.
        temperature: by which the logits are divided.
        mirrored: every face is seen as it is and mirrored, and what the heads say of the two is
            averaged.
    """

    def __init__(
        self,
        network: nn.Module,
        votes_in_prediction: float,
        temperature: float = 1.0,
        *,
        mirrored: bool = True,
    ) -> None:
        super().__init__()
        self.network = network
        self.votes_in_prediction = votes_in_prediction
        self.temperature = temperature
        self.mirrored = mirrored

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the logits (N, 7), vote logits, affect and embedding of uint8 crops."""
        pixels = crops.unsqueeze(1).float() / 255.0
        if not self.mirrored:
            return self._heads(pixels)
        heads = self._heads(torch.cat([pixels, pixels.flip(3)]))
        logits, votes, affect, embedding = (torch.stack(h.chunk(2)).mean(dim=0) for h in heads)
        return logits, votes, affect, embedding

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map uint8 (N, 48, 48) to probabilities (N, 7), affect (N, 2), embedding and votes."""
        logits, votes, affect, embedding = self.logits(crops)
        probabilities = (logits / self.temperature).softmax(dim=1)
        return probabilities, affect, embedding, votes.softmax(dim=1)

    def _heads(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output: FaceOutput = self.network(pixels)
        votes, affect, embedding = output.vote_logits, output.valence_arousal, output.embedding
        if votes is None or affect is None or embedding is None:
            raise ExportError("the network has no heads for votes, affect and embedding")
        return predicted_logits(output, self.votes_in_prediction), votes, affect, embedding


def export_face(
    run: Path, directory: Path, *, checkpoint: str = BEST, quantised: bool = True
) -> ExportedModel:
    """Write ``face.onnx`` and ``face.safetensors`` from a run.

    The temperature is fitted on the run's validation split.

    Args:
        run: folder of a run of the task face.
        directory: for the files.
        checkpoint: name of the checkpoint without suffix.
        quantised: int8 convolutions, with ranges from training faces; otherwise float32.

    Raises:
        ExportError: if the run is no face experiment or its network lacks a head.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, FaceExperiment) or not isinstance(module, FaceModule):
        raise ExportError(f"{run} is no run of the task face")
    network = module.network
    round_weights(network)
    module_graph = FaceGraph(network, experiment.objective.votes_in_prediction)
    data = FaceDataModule(experiment)
    module_graph.temperature = fit_temperature(*validation_logits(module_graph, data.valid))
    feeds = _calibration_feeds(data.train, experiment.seed) if quantised else None
    return write_face(module_graph, directory, experiment, feeds)


def write_face(
    module: FaceGraph,
    directory: Path,
    experiment: Experiment,
    feeds: Iterable[Feed] | None = None,
) -> ExportedModel:
    """Write ``face.onnx`` and ``face.safetensors``.

    Args:
        module: its network is rounded, see `round_weights`.
        directory: for the files.
        experiment: that trained it.
        feeds: for int8, see `quantise_convolutions`; None leaves float32.

    Raises:
        ExportError: if the network lacks a head.
    """
    weights = directory / "face.safetensors"
    metadata = describe_model(experiment, module.temperature)
    metadata = save_weights(module.network, weights, metadata, rounded=True)
    graph = directory / "face.onnx"
    names = (*OUTPUTS, VOTES)
    export_graph(
        module,
        torch.zeros(2, CROP_SIDE, CROP_SIDE, dtype=torch.uint8),
        graph,
        input_name=INPUTS,
        output_names=names,
        dynamic_axes={name: {0: "faces"} for name in (*INPUTS, *names)},
    )
    if feeds is not None:
        quantise_convolutions(graph, feeds)
    describe_graph(graph, metadata)
    return ExportedModel(graph, weights, module.temperature)


@torch.no_grad()
def validation_logits(graph: FaceGraph, dataset: FaceDataset) -> tuple[np.ndarray, np.ndarray]:
    """Return a face graph's logits, float32 (n, 7), and the labels, int64 (n,)."""
    parts = [graph.logits(dataset.images[positions])[0] for positions in dataset.batches()]
    return torch.cat(parts).numpy(), dataset.labels.numpy()


def _calibration_feeds(dataset: FaceDataset, seed: int) -> Iterator[Feed]:
    order = np.random.default_rng(seed).permutation(len(dataset))[:CALIBRATION_FACES]
    # All of one size, which the quantiser needs.
    size = min(CALIBRATION_BATCH, len(order))
    for start in range(0, len(order) - size + 1, size):
        positions = torch.from_numpy(order[start : start + size])
        yield {INPUTS[0]: dataset.images[positions].numpy()}
