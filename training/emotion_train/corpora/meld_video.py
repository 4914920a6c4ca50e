"""MELD with its videos (Poria et al., 2019): one file for each utterance of a television series.

Official layout, ``MELD.Raw`` unpacked: a table for each split and a folder with
``dia<dialogue>_utt<utterance>.mp4`` beside it. Characters are in every split; only the utterances
differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emotion_core.affect import EMOTIONS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.meld import SPLIT_FILES, read_utterances
from emotion_train.corpora.recordings import Recording, RecordingCorpus, Sentence

NAME: Final = "audio-visual MELD"
VIDEO_FOLDERS: Final = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}

_SPLITS: Final = {"train": "train", "dev": "valid", "test": "test"}


def load_meld_video(root: Path) -> RecordingCorpus:
    """Find the utterances of all splits that are there.

    Raises:
        CorpusError: if there is no split with both table and videos, a split has only one of them,
            or nothing can be used. Single broken rows, and rows without their video, are passed
            over and listed in `RecordingCorpus.broken`.
    """
    recordings: list[Recording] = []
    broken: list[str] = []
    present = 0
    for split, folder in VIDEO_FOLDERS.items():
        table, videos = _place(root, split, SPLIT_FILES[split]), _place(root, split, folder)
        if not (table.is_file() or videos.is_dir()):
            continue
        if not videos.is_dir():
            raise CorpusError(f"no {NAME} at {root}: the folder {videos} is missing")
        if not table.is_file():
            raise CorpusError(f"no {NAME} at {root}: the table {table} is missing")
        present += 1
        utterances, faults = read_utterances(table)
        broken += [f"{table}: {fault}" for fault in faults]
        for one in utterances:
            name = f"dia{one.dialogue}_utt{one.utterance}"
            video = videos / f"{name}.mp4"
            if not video.is_file():
                broken.append(f"{split} {name}: no {video}")
                continue
            recordings.append(
                Recording(
                    f"{split}_{name}",
                    one.speaker,
                    video,
                    video,
                    (Sentence(one.text),),
                    EMOTIONS[one.label],
                    split=_SPLITS[split],
                )
            )
    if not present:
        raise CorpusError(f"no {NAME} at {root}: the folder {root / 'train_splits'} is missing")
    return RecordingCorpus.of(NAME, root, recordings, broken)


def _place(root: Path, split: str, name: str) -> Path:
    """Return where a part lies: in the root, or in the folder its archive is unpacked into."""
    inside = root / split / name
    return inside if inside.exists() else root / name
