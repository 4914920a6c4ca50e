"""Aff-Wild: videos with valence and arousal for every frame (Zafeiriou et al., 2017).

Official layout: ``videos/train/<name>.mp4`` or ``.avi``, and one value in [-1, 1] per line and
frame in ``annotations/train/valence/<name>.txt`` and ``annotations/train/arousal/<name>.txt``.

From every video the study takes ten faces: of the first 400 frames, every fortieth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from emotion_core.nets.cnn_gru import CROP_SIDE
from emotion_core.vision.detection import FaceDetector
from emotion_core.vision.geometry import Box
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.prepared import Preparation, prepare_each, replacing

FRAMES_NEEDED: Final = 400
STEP: Final = 40
POSITIONS: Final = tuple(range(STEP - 1, FRAMES_NEEDED, STEP))
"""Frames that are kept: the fortieth, the eightieth, … the four hundredth."""
SPLITS: Final = {"train": 0.8, "valid": 0.1, "test": 0.1}
PREPARATION: Final = 1
"""Part of the fingerprint: raised when the preparation itself changes."""

_VIDEO_SUFFIXES: Final = (".mp4", ".avi")


@dataclass(frozen=True)
class AffWildVideo:
    """One video and its two label files."""

    name: str
    video: Path
    valence: Path
    arousal: Path

    def fingerprint(self) -> str:
        """Return a digest of the labels and of the video's size and time of change."""
        status = self.video.stat()
        digest = hashlib.sha256(f"{PREPARATION} {status.st_size} {status.st_mtime_ns}".encode())
        for path in (self.valence, self.arousal):
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class AffWildClip:
    """The prepared faces of one video.

    Attributes:
        name: of the video.
        frames: uint8 (10, 224, 224, 3), RGB.
        valence: float32 (10,) in [-1, 1].
        arousal: float32 (10,) in [-1, 1].
    """

    name: str
    frames: npt.NDArray[np.uint8]
    valence: npt.NDArray[np.float32]
    arousal: npt.NDArray[np.float32]


def find_videos(root: Path) -> tuple[list[AffWildVideo], list[str]]:
    """Return the labelled videos by name, and the reason for each video without labels.

    Raises:
        CorpusError: if the layout is another.
    """
    folder = root / "videos" / "train"
    labels = root / "annotations" / "train"
    for needed in (folder, labels / "valence", labels / "arousal"):
        if not needed.is_dir():
            raise CorpusError(f"no Aff-Wild at {root}: the folder {needed} is missing")
    videos, broken = [], []
    for path in sorted(file for file in folder.iterdir() if file.suffix in _VIDEO_SUFFIXES):
        valence, arousal = (labels / kind / f"{path.stem}.txt" for kind in ("valence", "arousal"))
        missing = [file for file in (valence, arousal) if not file.is_file()]
        if missing:
            broken.append(f"{path.name}: no labels {missing[0]}")
        else:
            videos.append(AffWildVideo(path.stem, path, valence, arousal))
    if not videos:
        raise CorpusError(f"{folder} holds no labelled video" + "".join(f"; {b}" for b in broken))
    return videos, broken


def prepare_affwild(root: Path, cache: Path, detector: FaceDetector) -> Preparation:
    """Cut the faces of every video and keep them in ``cache``, one file for each video.

    Files that are there and up to date are kept, so an interrupted preparation goes on. Videos
    that cannot be used are passed over.

    Args:
        root: the corpus.
        cache: folder of the prepared files; it is created.
        detector: finds the faces.

    Raises:
        CorpusError: if the layout is another, no video can be used, or the disk is full.
    """
    videos, broken = find_videos(root)

    def make(video: AffWildVideo, path: Path, fingerprint: str) -> None:
        _store(cut_clip(video, detector), path, fingerprint)

    return prepare_each(root, videos, cache, make, broken)


def cut_clip(video: AffWildVideo, detector: FaceDetector) -> AffWildClip:
    """Take the ten faces of a video with their labels.

    A frame without a detected face is cut where the face was last seen, or first will be.

    Raises:
        CorpusError: if video or labels are too short, broken or without any face.
    """
    valence, arousal = (_read_labels(path) for path in (video.valence, video.arousal))
    frames = list(_read_frames(video.video))
    boxes: list[Box | None] = []
    for frame in frames:
        faces = detector.detect(frame)
        boxes.append(max((face.box for face in faces), key=lambda box: box.area, default=None))
    known = [box for box in boxes if box is not None]
    if not known:
        raise CorpusError(f"{video.video.name}: no face in any of its {len(frames)} frames")
    last = known[0]
    crops = []
    for frame, box in zip(frames, boxes, strict=True):
        last = box or last
        crops.append(_cut(frame, last))
    return AffWildClip(video.name, np.stack(crops), valence, arousal)


def split_names(names: list[str], seed: int) -> dict[str, list[str]]:
    """Divide the videos 80 : 10 : 10 at random into train, valid and test.

    Raises:
        CorpusError: if a part would stay empty.
    """
    order = [
        sorted(names)[position] for position in np.random.default_rng(seed).permutation(len(names))
    ]
    first = round(SPLITS["train"] * len(order))
    second = first + round(SPLITS["valid"] * len(order))
    parts = {"train": order[:first], "valid": order[first:second], "test": order[second:]}
    for split, part in parts.items():
        if not part:
            raise CorpusError(f"{len(names)} videos are too few: the split {split} stays empty")
    return parts


def load_clip(path: Path) -> AffWildClip:
    """Read one prepared file.

    Raises:
        CorpusError: if it is damaged.
    """
    try:
        content = load_file(path)
        return AffWildClip(path.stem, content["frames"], content["valence"], content["arousal"])
    except (OSError, KeyError, SafetensorError) as error:
        raise CorpusError(f"{path} is no prepared clip; delete it and prepare again") from error


def _read_labels(path: Path) -> npt.NDArray[np.float32]:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:FRAMES_NEEDED]
    try:
        values = np.array([float(line) for line in lines if line.strip()], dtype=np.float32)
    except ValueError as error:
        raise CorpusError(f"{path}: a line is no number: {error}") from error
    if len(values) < FRAMES_NEEDED:
        raise CorpusError(f"{path}: {len(values)} labels, {FRAMES_NEEDED} are needed")
    kept = values[list(POSITIONS)]
    if not (np.abs(kept) <= 1).all():
        raise CorpusError(f"{path}: a label is outside -1 to 1")
    return kept


def _read_frames(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise CorpusError(f"{path.name}: not a readable video")
        for position in range(FRAMES_NEEDED):
            if not capture.grab():
                raise CorpusError(f"{path.name}: {position} frames, {FRAMES_NEEDED} are needed")
            if position in POSITIONS:
                complete, frame = capture.retrieve()
                if not complete:
                    raise CorpusError(f"{path.name}: frame {position} cannot be decoded")
                yield frame.astype(np.uint8, copy=False)
    finally:
        capture.release()


def _cut(frame: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    height, width = frame.shape[:2]
    left, top = int(np.clip(box.x, 0, width - 1)), int(np.clip(box.y, 0, height - 1))
    right = int(np.clip(round(box.x + box.width), left + 1, width))
    bottom = int(np.clip(round(box.y + box.height), top + 1, height))
    crop = cv2.resize(
        frame[top:bottom, left:right], (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA
    )
    return cv2.cvtColor(crop, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _store(clip: AffWildClip, path: Path, fingerprint: str) -> None:
    with replacing(path) as partial:
        save_file(
            {"frames": clip.frames, "valence": clip.valence, "arousal": clip.arousal},
            partial,
            metadata={"fingerprint": fingerprint},
        )
