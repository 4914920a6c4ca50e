"""RAVDESS with its videos (Livingstone & Russo, 2018).

Official layout: ``Actor_NN/<name>.mp4``; see `emotion_train.corpora.ravdess` for the names. The
take that is there with sound (modality 01) and without (02) is read with sound.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.ravdess import AUDIO_VIDEO, SPEECH, SPLITS, VIDEO_ONLY, RavdessName
from emotion_train.corpora.recordings import Recording, RecordingCorpus, Sentence

NAME: Final = "audio-visual RAVDESS"

_SPLIT_OF: Final = {actor: split for split, actors in SPLITS.items() for actor in actors}


def load_ravdess_video(root: Path) -> RecordingCorpus:
    """Find the spoken recordings with a picture, split by actor.

    Raises:
        CorpusError: if the folders ``Actor_NN`` are missing or nothing can be used. Single files
            with another name are passed over and listed in `RecordingCorpus.broken`.
    """
    files = sorted(root.glob("Actor_*/*.mp4"))
    if not any(path.is_dir() for path in root.glob("Actor_*")):
        raise CorpusError(f"no {NAME} at {root}: the folders Actor_01 to Actor_24 are missing")
    takes: dict[tuple[str, ...], Recording] = {}
    broken = []
    for path in files:
        try:
            name = RavdessName.parse(path.stem)
        except ValueError as error:
            broken.append(f"{path}: {error}")
            continue
        if name.channel != SPEECH or name.modality not in (AUDIO_VIDEO, VIDEO_ONLY):
            continue
        # The files are in order: 01, with sound, comes before 02 of the same take.
        takes.setdefault(
            name.take,
            Recording(
                path.stem,
                f"{name.actor:02d}",
                path,
                path if name.modality == AUDIO_VIDEO else None,
                (Sentence(name.statement),),
                name.emotion,
                split=_SPLIT_OF[name.actor],
            ),
        )
    return RecordingCorpus.of(NAME, root, takes.values(), broken)
