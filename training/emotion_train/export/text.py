"""The text model in the form the robot runs: one quantised ONNX graph from tokens to emotion."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from emotion_core.inference.text import CORPUS_OUTPUTS, INPUTS, OUTPUTS, tokenizer_path
from emotion_core.nets.text import TextNet
from emotion_core.text.tokenizing import CONTEXT, SENTENCE
from emotion_train.calibration import fit_temperature
from emotion_train.checkpoints import BEST
from emotion_train.export.files import ExportError, describe_graph, describe_model
from emotion_train.export.onnx_graph import export_graph
from emotion_train.export.quantisation import quantise_products
from emotion_train.runs import load_run
from emotion_train.tasks.text.data import EMOBANK, TextDataModule
from emotion_train.tasks.text.module import TextModule
from emotion_train.tasks.text.networks import write_tokenizer
from emotion_train.tasks.text.report import predict_logits
from emotion_train.tasks.text.settings import TextExperiment

INT8_LEVELS = 127


@dataclass(frozen=True)
class ExportedText:
    """The files of one exported text model and the temperature in it."""

    graph: Path
    tokenizer: Path
    temperature: float


class QuantisedEmbedding(nn.Module):
    """Word vectors as int8, each with its own scale.

    Args:
        table: float (V, D).
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scales = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / INT8_LEVELS
        self.scales: Tensor
        self.levels: Tensor
        self.register_buffer("scales", scales)
        self.register_buffer("levels", torch.round(table / scales).to(torch.int8))

    def forward(self, numbers: Tensor) -> Tensor:
        """Map int64 (N, T) to float (N, T, D)."""
        levels = functional.embedding(numbers, self.levels).float()
        return levels * functional.embedding(numbers, self.scales)


class TextGraph(nn.Module):
    """A trained network from tokens to everything the robot and the evaluation read.

    Args:
        network: see `TextNet`.
        temperature: by which the logits of the robot's emotion are divided.
    """

    def __init__(self, network: TextNet, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, numbers: Tensor, segments: Tensor) -> tuple[Tensor, ...]:
        """Map int64 (N, T) twice to `OUTPUTS` and `CORPUS_OUTPUTS`, in this order."""
        output = self.network(numbers, segments)
        return (
            (output.label_logits / self.temperature).softmax(dim=1),
            output.valence_arousal,
            output.embedding,
            output.dialogue_logits.softmax(dim=1),
            output.mention_logits.sigmoid(),
            output.rating,
        )


def export_text(
    run: Path, directory: Path, *, checkpoint: str = BEST, quantised: bool = True
) -> ExportedText:
    """Write ``text.onnx`` and ``text_tokenizer.json`` from a run.

    The temperature is fitted on the validation sentences with one emotion.

    Args:
        run: folder of a run of the task text.
        directory: for the files.
        checkpoint: name of the checkpoint without suffix.
        quantised: int8 weights; otherwise float32, four times as large.

    Raises:
        ExportError: if the run is no text experiment.
        CheckpointError: if the checkpoint cannot be used.
    """
    experiment, _, module = load_run(run, checkpoint)
    if not isinstance(experiment, TextExperiment) or not isinstance(module, TextModule):
        raise ExportError(f"{run} is no run of the task text")
    temperature = _temperature(module, TextDataModule(experiment))
    directory.mkdir(parents=True, exist_ok=True)
    graph = directory / "text.onnx"
    tokenizer = tokenizer_path(graph)
    write_tokenizer(experiment.network, tokenizer)
    if quantised:
        encoder = module.network.encoder
        table = encoder.get_input_embeddings().weight.detach()
        encoder.set_input_embeddings(QuantisedEmbedding(table))
    with TemporaryDirectory(dir=directory) as folder:
        path = Path(folder, graph.name)
        _write_graph(TextGraph(module.network, temperature), path)
        if quantised:
            quantise_products(path)
        metadata = describe_model(
            experiment,
            temperature,
            max_tokens=str(experiment.network.max_tokens),
            context_tokens=str(experiment.network.context_tokens),
            latin_only=json.dumps(experiment.network.latin_only),
            tokenizer_sha256=hashlib.sha256(tokenizer.read_bytes()).hexdigest(),
        )
        describe_graph(path, metadata)
        shutil.move(path, graph)
    return ExportedText(graph, tokenizer, temperature)


def _temperature(module: TextModule, data: TextDataModule) -> float:
    single = (data.valid.emotions.sum(dim=1) == 1) & (data.valid.corpora != EMOBANK)
    positions = torch.nonzero(single).flatten()
    if len(positions) == 0:
        raise ExportError("the run's validation part has no emotions to fit the temperature on")
    logits = predict_logits(module, data.valid, positions).numpy()
    return fit_temperature(logits, data.valid.emotions[positions].argmax(dim=1).numpy())


def _write_graph(module: TextGraph, path: Path) -> None:
    numbers = torch.ones(2, 6, dtype=torch.int64)
    segments = torch.tensor(np.array([[SENTENCE] * 4 + [CONTEXT] * 2] * 2))
    outputs = (*OUTPUTS, *CORPUS_OUTPUTS)
    export_graph(
        module,
        (numbers, segments),
        path,
        input_name=INPUTS,
        output_names=outputs,
        dynamic_axes={
            **{name: {0: "sentences", 1: "tokens"} for name in INPUTS},
            **{name: {0: "sentences"} for name in outputs},
        },
    )
