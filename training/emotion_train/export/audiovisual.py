"""The three models of a run on recordings in the form the robot runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.fusion.evidence import Modality
from emotion_core.inference import expression, fusion, voice
from emotion_core.nets.expression import CROP_SIDE, ExpressionNet, FaceOutput
from emotion_train.calibration import fit_temperature
from emotion_train.checkpoints import BEST
from emotion_train.export.face import require_heads
from emotion_train.export.files import (
    ExportedModel,
    ExportError,
    describe_graph,
    describe_model,
    round_weights,
    save_weights,
)
from emotion_train.export.fusion import FusionGraph
from emotion_train.export.onnx_graph import export_graph
from emotion_train.export.voice import VoiceGraph
from emotion_train.runs import load_run
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule, RecordingDataset
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.audiovisual.splits import NO_LABEL

UNCALIBRATED = 1.0
"""Temperature of face and voice: the fusion was trained on what they say without one."""


class SingleViewFaceGraph(nn.Module):
    """A face network as the fusion was trained on it: each face as it is, not mirrored too.

    Args:
        network: the trained one.
    """

    def __init__(self, network: ExpressionNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map uint8 (N, 48, 48) to probabilities (N, 7), affect (N, 2), embedding and votes."""
        output: FaceOutput = self.network(crops.unsqueeze(1).float() / 255.0)
        votes, affect, embedding = require_heads(output)
        return output.label_logits.softmax(dim=1), affect, embedding, votes.softmax(dim=1)


def export_audiovisual(
    run: Path, directory: Path, *, checkpoint: str = BEST
) -> tuple[ExportedModel, ExportedModel, ExportedModel]:
    """Write face, voice and fusion, each as ``.onnx`` and ``.safetensors``, in this order.

    Only the fusion's temperature is fitted, on the run's validation recordings. The text model
    stays the one that the run was trained with.

    Raises:
        ExportError: if the run is of another task, was trained without one of the modalities or
            without emotions: the robot would ask it for what it has never learnt.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, AudioVisualExperiment) or not isinstance(
        module, AudioVisualModule
    ):
        raise ExportError(f"{run} is no run of the task audiovisual")
    network = module.network.eval()
    if network.face is None or network.voice is None or "words" not in experiment.data.modalities:
        used = ", ".join(experiment.data.modalities)
        raise ExportError(f"{run} was trained on {used} alone, the robot needs face, voice, words")
    data = AudioVisualDataModule(experiment)
    if not (data.train.has_labels and data.valid.has_labels):
        raise ExportError(f"{run} was trained without emotions, which the robot needs")
    for branch in (network.face, network.voice):
        round_weights(branch)
    logits, labels = step_logits(module, data.valid, experiment.data.batch_size)
    temperature = fit_temperature(logits, labels)
    window = repr(experiment.data.voice_window)
    people = 2
    face = _write(
        directory / "face.onnx",
        SingleViewFaceGraph(network.face),
        (torch.zeros(2, CROP_SIDE, CROP_SIDE, dtype=torch.uint8),),
        (expression.INPUTS, (*expression.OUTPUTS, expression.VOTES)),
        describe_model(experiment, UNCALIBRATED),
    )
    spoken = _write(
        directory / "voice.onnx",
        VoiceGraph(network.voice, UNCALIBRATED),
        (torch.randn(2, 2 * SAMPLE_RATE),),
        (voice.INPUTS, voice.OUTPUTS),
        describe_model(
            experiment, UNCALIBRATED, sample_rate=str(SAMPLE_RATE), window_seconds=window
        ),
    )
    fused = _write(
        directory / "fusion.onnx",
        FusionGraph(network.fusion, temperature),
        (
            *(torch.randn(people, size) for size in network.fusion.feature_sizes),
            torch.ones(people, len(Modality)),
            *network.fusion.blank(people),
        ),
        (fusion.INPUTS, fusion.OUTPUTS),
        describe_model(experiment, temperature),
    )
    return face, spoken, fused


@torch.no_grad()
def step_logits(
    module: AudioVisualModule, dataset: RecordingDataset, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, float32 (n, 7), and labels, int64 (n,), of every counted labelled step."""
    logits, labels = [], []
    for positions in dataset.batches(batch_size):
        batch = dataset[positions]
        wanted = batch.labels[:, None].expand_as(batch.inside)
        counted = batch.counted & (wanted != NO_LABEL)
        logits.append(module(batch).logits[counted])
        labels.append(wanted[counted])
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()


def _write(
    graph: Path,
    module: SingleViewFaceGraph | VoiceGraph | FusionGraph,
    example: tuple[Tensor, ...],
    names: tuple[tuple[str, ...], tuple[str, ...]],
    metadata: dict[str, str],
) -> ExportedModel:
    """Write a graph of so many inputs and outputs, and the weights of the network in it."""
    weights = graph.with_suffix(".safetensors")
    rounded = not isinstance(module, FusionGraph)
    metadata = save_weights(module.network, weights, metadata, rounded=rounded)
    axes: dict[str, dict[int, str]] = {name: {0: "rows"} for part in names for name in part}
    if isinstance(module, VoiceGraph):
        axes[names[0][0]][1] = "samples"
    export_graph(
        module, example, graph, input_name=names[0], output_names=names[1], dynamic_axes=axes
    )
    describe_graph(graph, metadata)
    return ExportedModel(graph, weights, float(metadata["temperature"]))
