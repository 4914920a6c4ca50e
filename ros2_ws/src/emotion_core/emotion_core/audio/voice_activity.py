"""Whether sound is speech: Silero's detector, run by onnxruntime alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime

from emotion_core.audio.chunks import CHUNK_SAMPLES, Samples
from emotion_core.audio.conversion import INT16_SCALE
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.inference.expression import ModelError

_PACKAGE = "silero_vad"
_FILE = "data/silero_vad.onnx"
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (2, 1, 128)


def shipped_detector() -> Path:
    """Return the network inside Silero's package, which is not imported: that would need torch.

    Raises:
        ModelError: if the package is not installed.
    """
    specification = importlib.util.find_spec(_PACKAGE)
    if specification is None or not specification.submodule_search_locations:
        raise ModelError("voice activity: the Python package silero-vad is missing")
    return Path(specification.submodule_search_locations[0], _FILE)


class VoiceActivityDetector:
    """The probability of speech in each chunk of a stream of sound.

    Silero VAD (Silero Team, 2021, https://github.com/snakers4/silero-vad), interface of version 5.

    Args:
        path: of its ONNX file; None for the one in its package.

    Raises:
        ModelError: if the file is missing, damaged or of another version.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or shipped_detector()
        if not path.is_file():
            raise ModelError(f"no voice activity detector at {path}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no public base class of its load errors
            raise ModelError(f"{path} is not a readable ONNX model: {error}") from error
        names = [tensor.name for tensor in self._session.get_inputs()]
        if sorted(names) != ["input", "sr", "state"]:
            raise ModelError(f"{path} has the inputs {names}; Silero VAD 5 or 6 is expected")
        self._rate = np.array(SAMPLE_RATE, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far: what comes next does not follow it."""
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._window = np.zeros((1, _CONTEXT_SAMPLES + CHUNK_SAMPLES), np.float32)

    def probability(self, samples: Samples) -> float:
        """Return the probability that a chunk is speech, [0, 1].

        Args:
            samples: int16 (CHUNK_SAMPLES,) that follow those of the call before.

        Raises:
            ValueError: if the shape differs.
        """
        if samples.shape != (CHUNK_SAMPLES,):
            raise ValueError(f"a chunk has {CHUNK_SAMPLES} samples, got shape {samples.shape}")
        self._window[:, :_CONTEXT_SAMPLES] = self._window[:, -_CONTEXT_SAMPLES:]
        self._window[0, _CONTEXT_SAMPLES:] = samples / np.float32(INT16_SCALE)
        inputs = {"input": self._window, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, inputs)
        return float(probability[0, 0])
