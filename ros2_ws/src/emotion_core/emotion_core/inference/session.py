"""Opening exported networks, the same way for every model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from emotion_core.affect import LABELS


class ModelError(RuntimeError):
    """A model file is missing, damaged or of another kind; the message names the file."""


def open_session(
    path: Path,
    kind: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    threads: int = 1,
) -> onnxruntime.InferenceSession:
    """Open an ONNX file of one of the project's models.

    Args:
        path: of the file.
        kind: of model, for messages.
        inputs: names that its graph must take, all of them and in this order.
        outputs: names that its graph must give.
        threads: of the session; one leaves the other cores to the rest of the robot.

    Raises:
        ModelError: if the file is missing, damaged, of another kind or made for other labels.
    """
    if not path.is_file():
        raise ModelError(f"no {kind} model at {path}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has no public base class of its load errors
        raise ModelError(f"{path} is not a readable ONNX model: {error}") from error
    given = {tensor.name for tensor in session.get_outputs()}
    taken = [tensor.name for tensor in session.get_inputs()]
    if taken != list(inputs) or not given >= set(outputs):
        raise ModelError(f"{path} is no {kind} model of this version")
    try:
        labels = json.loads(session.get_modelmeta().custom_metadata_map.get("labels", "[]"))
    except json.JSONDecodeError:
        labels = []
    if labels != list(LABELS):
        raise ModelError(f"{path} was not made for the labels {', '.join(LABELS)}")
    return session
