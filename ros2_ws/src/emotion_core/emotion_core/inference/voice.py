"""The voice model: windows of sound in, emotion probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.inference.session import ModelError, open_session

Waveforms = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

INPUTS: Final = ("waveforms",)
OUTPUTS: Final = ("probabilities", "valence_arousal", "embedding")


@dataclass(frozen=True)
class VoiceScores:
    """What the voice model says about N windows.

    Attributes:
        probabilities: float32 (N, 7), calibrated, in the order of `affect.LABELS`.
        valence_arousal: float32 (N, 2) in [-1, 1].
        embedding: float32 (N, D), the features under the heads.
    """

    probabilities: Scores
    valence_arousal: Scores
    embedding: Scores


class VoiceModel:
    """Runs the exported voice model with onnxruntime.

    Args:
        path: ONNX file whose graph takes waveforms and computes its features itself.
        threads: of the session; one leaves the other cores to the rest of the robot.

    Raises:
        ModelError: if the file is missing, damaged, or made for other labels or another rate.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, "voice", INPUTS, OUTPUTS, threads)
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        if self.metadata.get("sample_rate") != str(SAMPLE_RATE):
            raise ModelError(f"{path} was not made for {SAMPLE_RATE} samples per second")
        self.sample_rate: int = SAMPLE_RATE
        try:
            self.window_seconds = float(self.metadata["window_seconds"])
            """The longest window that it was trained on, in seconds."""
        except (KeyError, ValueError) as error:
            raise ModelError(f"{path} does not say how long its windows are") from error
        sizes = {tensor.name: tensor.shape[-1] for tensor in self._session.get_outputs()}
        self.embedding_size: int = sizes["embedding"]

    def predict(self, waveforms: Waveforms) -> VoiceScores:
        """Score windows of voiced sound.

        Of a window longer than `window_seconds` the newest part counts; a shorter one gets silence
        before it, as those had that the model was trained on: it knows where speech begins, and
        reads one that is cut off there several points worse. Samples that are not finite count as
        silence.
        For a window of nothing but zeros the probabilities are equal, valence, arousal and
        embedding zero.

        Args:
            waveforms: float32 (N, samples) in [-1, 1] at `sample_rate`; N may be 0. The level does
                not matter.

        Raises:
            ValueError: if shape or type differ.
        """
        if waveforms.dtype != np.float32 or waveforms.ndim != 2:
            raise ValueError(
                f"waveforms must be float32 (N, samples), got {waveforms.dtype} {waveforms.shape}"
            )
        prepared = self._prepare(waveforms)
        scores = self._silence(len(prepared))
        sounding = prepared.any(axis=1)
        if not sounding.any():
            return scores
        results = self._session.run(list(OUTPUTS), {"waveforms": prepared[sounding]})
        for target, result in zip(
            (scores.probabilities, scores.valence_arousal, scores.embedding), results, strict=True
        ):
            target[sounding] = result
        return scores

    def _prepare(self, waveforms: Waveforms) -> Waveforms:
        longest = round(self.window_seconds * self.sample_rate)
        newest = waveforms[:, -longest:]
        finite = np.where(np.isfinite(newest), newest, np.float32(0.0))
        # A wave at any level is brought to the same one, as the features have a fixed least power.
        peak = np.abs(finite).max(axis=1, initial=0.0, keepdims=True)
        scaled = np.divide(finite, peak, out=np.zeros_like(finite), where=peak > 0.0)
        return np.pad(scaled, ((0, 0), (longest - scaled.shape[1], 0)))

    def _silence(self, count: int) -> VoiceScores:
        return VoiceScores(
            np.full((count, len(LABELS)), 1.0 / len(LABELS), np.float32),
            np.zeros((count, 2), np.float32),
            np.zeros((count, self.embedding_size), np.float32),
        )
