"""The three models of a run on recordings in the form the robot runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from emotion_train.calibration import fit_temperature
from emotion_train.checkpoints import BEST
from emotion_train.export.face import FaceGraph, write_face
from emotion_train.export.files import ExportedModel, ExportError, round_weights
from emotion_train.export.fusion import FusionGraph, write_fusion
from emotion_train.export.voice import VoiceGraph, write_voice
from emotion_train.runs import load_run
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule, RecordingDataset
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.audiovisual.splits import NO_LABEL

UNCALIBRATED = 1.0


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
    # The fusion was trained on what face and voice say of one view and without a temperature.
    face = write_face(
        FaceGraph(network.face, votes_in_prediction=0.0, mirrored=False), directory, experiment
    )
    spoken = write_voice(
        VoiceGraph(network.voice, UNCALIBRATED), directory, experiment, experiment.data.voice_window
    )
    fused = write_fusion(FusionGraph(network.fusion, temperature), directory, experiment)
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
