"""The corpora that are prepared once before they can be trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from emotion_core.vision.detection import FaceDetector
from emotion_train.corpora.affwild import prepare_affwild
from emotion_train.corpora.crema_d import load_crema_d
from emotion_train.corpora.cut_recordings import prepare_recordings
from emotion_train.corpora.meld_video import load_meld_video
from emotion_train.corpora.prepared import Preparation
from emotion_train.corpora.ravdess_video import load_ravdess_video
from emotion_train.corpora.recordings import RecordingCorpus
from emotion_train.corpora.semaine import load_semaine

Prepare = Callable[[Path, Path, FaceDetector], Preparation]
"""Root of the corpus, folder for the files and detector to what has been done."""


def _recordings(load: Callable[[Path], RecordingCorpus]) -> Prepare:
    def prepare(root: Path, cache: Path, detector: FaceDetector) -> Preparation:
        return prepare_recordings(root, load(root), cache, detector)

    return prepare


PREPARE: Final[dict[str, Prepare]] = {
    "affwild": prepare_affwild,
    "crema-d": _recordings(load_crema_d),
    "meld": _recordings(load_meld_video),
    "ravdess": _recordings(load_ravdess_video),
    "semaine": _recordings(load_semaine),
}
"""By the name that ``emotion-train prepare`` knows."""
