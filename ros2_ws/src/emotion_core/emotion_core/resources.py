"""Where the shipped models lie and where derived ones are cached."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

MODELS_VARIABLE = "EMOTION_BOT_MODELS"

FACE_MODEL = "face.onnx"
VOICE_MODEL = "voice.onnx"
TEXT_MODEL = "text.onnx"
FUSION_MODEL = "fusion.onnx"


def models_directory() -> Path:
    """Return the folder with the shipped weights.

    Looked for in this order: the environment variable ``EMOTION_BOT_MODELS``, the share folder of
    ``emotion_bot`` in each prefix of ``AMENT_PREFIX_PATH``, and ``models/`` of the source tree.

    Raises:
        FileNotFoundError: if none of them exists; the message lists what was tried.
    """
    candidates = []
    if override := os.environ.get(MODELS_VARIABLE):
        candidates.append(Path(override))
    else:
        prefixes = filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep))
        candidates += [Path(prefix, "share", "emotion_bot", "models") for prefix in prefixes]
        candidates += [parent / "models" for parent in Path(__file__).resolve().parents]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    tried = ", ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(f"no folder with model weights; tried {tried}")


def cache_directory() -> Path:
    """Return the per-user folder for files that can be made again; it is created."""
    return platformdirs.user_cache_path("emotion_bot", ensure_exists=True)
