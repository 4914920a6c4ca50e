"""Which recordings are trained on, and in which pieces."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emotion_core.affect import EMOTIONS
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.recording_clips import ClipDescription, describe_recording_clip
from emotion_train.corpora.recordings import SPLITS
from emotion_train.sampling import evenly_spread
from emotion_train.tasks.audiovisual.settings import AudioVisualData, RecordingsSettings
from emotion_train.tasks.face.data import resolve_data_path

NO_LABEL = -1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """A part of a recording, from step `start` to `end`."""

    clip: ClipDescription
    start: int
    end: int

    @property
    def label(self) -> int:
        """Position of its emotion in label order, or NO_LABEL."""
        emotion = self.clip.emotion
        return NO_LABEL if emotion is None else EMOTIONS.index(emotion)


def steps_with_tail(clip: ClipDescription, settings: AudioVisualData) -> int:
    """Return the number of steps of a recording and its tail."""
    return clip.steps + round(settings.tail / STEP_SECONDS)


def cut_pieces(clip: ClipDescription, settings: AudioVisualData) -> list[Piece]:
    """Divide a recording and its tail into equal pieces of about the asked length."""
    steps = steps_with_tail(clip, settings)
    count = max(1, round(steps * STEP_SECONDS / settings.segment))
    edges = np.linspace(0, steps, count + 1).round().astype(int)
    return [Piece(clip, int(a), int(b)) for a, b in pairwise(edges)]


def divide(
    clips: Sequence[ClipDescription], settings: RecordingsSettings
) -> dict[str, list[ClipDescription]]:
    """Divide a corpus by its own splits, and where it has none by speaker, at random.

    Raises:
        CorpusError: if there are too few speakers to divide.
    """
    parts: dict[str, list[ClipDescription]] = {split: [] for split in SPLITS}
    speakers = sorted({clip.speaker for clip in clips if not clip.split})
    split_of = _split_speakers(speakers, settings) if speakers else {}
    for clip in clips:
        parts[clip.split or split_of[clip.speaker]].append(clip)
    return parts


def _split_speakers(speakers: Sequence[str], settings: RecordingsSettings) -> dict[str, str]:
    order = np.random.default_rng(settings.split_seed).permutation(len(speakers))
    shares = {"valid": settings.valid_share, "test": settings.test_share}
    split_of = dict.fromkeys(speakers, "train")
    first = 0
    for split, share in shares.items():
        # A part that is asked for gets somebody.
        count = max(1, round(share * len(speakers))) if share > 0 else 0
        for place in order[first : first + count]:
            split_of[speakers[place]] = split
        first += count
    if first >= len(speakers):
        raise CorpusError(
            f"{settings.prepared}: {len(speakers)} speakers are too few to keep {first} of them "
            "from training"
        )
    return split_of


def read_corpus(settings: RecordingsSettings) -> list[ClipDescription]:
    """Return the prepared recordings that have an emotion or a rating.

    Raises:
        CorpusError: if there is none, or one is damaged.
    """
    folder = resolve_data_path(settings.prepared)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CorpusError(f"{folder} holds no prepared recordings; run `emotion-train prepare`")
    clips = [describe_recording_clip(path) for path in files]
    useless = [clip for clip in clips if clip.emotion is None and not clip.rated]
    if useless:
        logger.warning(
            "%d recordings of %s have neither emotion nor rating; the first: %s",
            len(useless),
            folder,
            useless[0].path.name,
        )
    return [clip for clip in clips if clip.emotion is not None or clip.rated]


def thin(clips: Sequence[ClipDescription], limit: int | None) -> Sequence[ClipDescription]:
    """Return at most so many recordings, evenly spread; all without a limit."""
    return [clips[place] for place in evenly_spread(len(clips), limit)]
