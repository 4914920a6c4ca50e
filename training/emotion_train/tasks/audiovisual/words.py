"""Features of sentences, from the text model as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from emotion_core.inference.text import TextModel, tokenizer_path
from emotion_core.resources import cache_directory, models_directory
from emotion_train.corpora.prepared import replacing
from emotion_train.tasks.fusion.bank import feature_rows


class SentenceFeatures:
    """The fusion's input for sentences, float32 (D,) each, made once and cached.

    Args:
        texts: every sentence that will be asked for.
        model: text.onnx; None for the shipped one.

    Raises:
        ModelError: if the model cannot be used.
    """

    def __init__(self, texts: Iterable[str], model: Path | None = None) -> None:
        path = model or models_directory() / "text.onnx"
        known = sorted(set(texts))
        digest = hashlib.sha256("\0".join(known).encode("utf-8", "replace"))
        for file in (path, tokenizer_path(path)):
            digest.update(file.read_bytes() if file.is_file() else b"")
        self.fingerprint = digest.hexdigest()
        cached = cache_directory() / "audiovisual" / f"{self.fingerprint[:24]}.safetensors"
        rows = _read(cached)
        if rows is None:
            scorer = TextModel(path, 2)
            scored = [
                feature_rows(scorer.predict([text]))
                for text in tqdm(known, desc="scoring sentences", leave=False, disable=None)
            ]
            size = len(feature_rows(scorer.predict(["x"]))[0])
            rows = np.concatenate([np.empty((0, size), np.float32), *scored])
            cached.parent.mkdir(parents=True, exist_ok=True)
            with replacing(cached) as partial:
                save_file({"rows": rows}, partial)
        self.size: int = rows.shape[1]
        self._rows = dict(zip(known, rows, strict=True))

    def __getitem__(self, text: str) -> npt.NDArray[np.float32]:
        """Return the features of a sentence.

        Raises:
            KeyError: if it was not among the texts.
        """
        return self._rows[text]


def _read(path: Path) -> npt.NDArray[np.float32] | None:
    try:
        return load_file(path)["rows"]
    except (OSError, KeyError, SafetensorError):
        return None
