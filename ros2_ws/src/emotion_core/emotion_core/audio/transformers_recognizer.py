"""Speech recognition by any model of Hugging Face's transformers: Whisper, Wav2Vec2 and the like.

This needs the packages transformers and torch, which the robot itself does without.
"""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from emotion_core.audio.chunks import Samples
from emotion_core.audio.conversion import float_samples
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.audio.recognizer import Hypothesis, RecognizerError


class TransformersRecognizer:
    """Recognises an utterance when all of it is there; it has no partial hypotheses.

    Args:
        name: folder of a model, or its id on the hub, taken from the cache where that has it.

    Raises:
        RecognizerError: if transformers is missing, or the model is not there, not reachable or
            not for speech recognition.
    """

    locale = ""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            transformers = importlib.import_module("transformers")
        except ImportError as error:
            raise RecognizerError(
                f"recogniser {name!r}: the Python package transformers is missing"
            ) from error
        transformers.logging.set_verbosity_error()
        try:
            config = transformers.AutoConfig.from_pretrained(name)
            self._processor = transformers.AutoProcessor.from_pretrained(name)
            self._generates = bool(getattr(config, "is_encoder_decoder", False))
            family = (
                transformers.AutoModelForSpeechSeq2Seq
                if self._generates
                else transformers.AutoModelForCTC
            )
            self._model = family.from_pretrained(name).eval().requires_grad_(False)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise RecognizerError(_explain(name, error)) from error
        self._sound: list[Samples] = []

    def begin(self) -> None:
        """Begin a new utterance."""
        self._sound = []

    def feed(self, samples: Samples) -> None:
        """Take more sound."""
        self._sound.append(samples)

    def partial(self) -> Hypothesis | None:
        """Return None: a model of this kind reads whole utterances."""
        return None

    def finish(self) -> Hypothesis:
        """Recognise the utterance."""
        if not self._sound:
            return Hypothesis()
        waveform = float_samples(np.concatenate(self._sound))
        self._sound = []
        try:
            inputs = self._processor(waveform, sampling_rate=SAMPLE_RATE, return_tensors="pt")
            text, confidence = self._generate(inputs) if self._generates else self._align(inputs)
        except (RuntimeError, ValueError, IndexError) as error:
            raise RecognizerError(f"recogniser {self.name!r}: {error}") from error
        text = text.strip()
        return Hypothesis(text, confidence if text else 0.0)

    def _generate(self, inputs: Any) -> tuple[str, float]:
        result = self._model.generate(**inputs, return_dict_in_generate=True, output_scores=True)
        text: str = self._processor.batch_decode(result.sequences, skip_special_tokens=True)[0]
        scores = self._model.compute_transition_scores(
            result.sequences, result.scores, normalize_logits=True
        )[0].numpy()
        finite = scores[np.isfinite(scores)]
        return text, float(math.exp(min(finite.mean(), 0.0))) if finite.size else 0.0

    def _align(self, inputs: Any) -> tuple[str, float]:
        probabilities = self._model(**inputs).logits[0].softmax(-1)
        best, tokens = probabilities.max(-1)
        text: str = self._processor.decode(tokens)
        blank = getattr(self._model.config, "pad_token_id", None)
        spoken = best[tokens != blank] if blank is not None else best
        return text, float(spoken.mean()) if len(spoken) else 0.0


def _explain(name: str, error: Exception) -> str:
    if Path(name).is_dir():
        return f"recogniser {name!r}: the folder holds no model for speech recognition: {error}"
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return (
        f"recogniser {name!r}: neither a folder, nor in the cache of transformers, nor reachable "
        f"on the hub; use pocketsphinx, none, or download the model while online ({first})"
    )


def create(name: str) -> TransformersRecognizer:
    """Return the recogniser of a model."""
    return TransformersRecognizer(name)
