"""FER2013: grey 48×48 faces with one of seven labels (Goodfellow et al., 2013).

Read from the official ``fer2013.csv`` or from pictures as ``<split>/<emotion>/<name>``, in a folder
or in a zip of it.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from emotion_core.affect import LABELS
from emotion_core.nets.expression import CROP_SIDE
from emotion_train.corpora.errors import CorpusError

SPLIT_USAGES: Final = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
CSV_LABELS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The csv's label numbers, 0 to 6."""

_FOLDER_NAMES: Final = {
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "fearful": "fear",
    "disgusted": "disgust",
} | {label: label for label in LABELS}
_Item = TypeVar("_Item")
_PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".webp"})


@dataclass(frozen=True)
class FaceCorpus:
    """Labelled faces in memory.

    Attributes:
        images: uint8 (n, 48, 48).
        labels: int64 (n,), positions in `affect.LABELS`.
        names: (n,) file names, by which FER+ votes are joined.
        broken: what was left out because it could not be read, with the reason.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]
    broken: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: npt.NDArray[np.int64]) -> FaceCorpus:
        """Return the faces at these positions."""
        names = tuple(self.names[position] for position in positions)
        return FaceCorpus(self.images[positions], self.labels[positions], names)

    def fingerprint(self) -> str:
        """Return a sha256 over names, labels and pixels."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        digest.update(self.labels.tobytes())
        digest.update(self.images.tobytes())
        return digest.hexdigest()


@dataclass
class _Collector:
    images: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def finish(self, source: str) -> FaceCorpus:
        if not self.images:
            reason = f"; first fault: {self.broken[0]}" if self.broken else ""
            raise CorpusError(f"{source} holds no readable face{reason}")
        return FaceCorpus(
            np.stack(self.images),
            np.array(self.labels, dtype=np.int64),
            tuple(self.names),
            tuple(self.broken),
        )


def load_fer2013(path: Path, split: str) -> FaceCorpus:
    """Read one split.

    Args:
        path: ``fer2013.csv``, a folder with ``<split>/`` or ``<split>.zip`` in it, such a zip, or a
            folder of emotions.
        split: train, valid or test for the csv; for pictures, the folder's name.

    Raises:
        CorpusError: if nothing is there or the layout is another; the message names the first
            broken file or row. Single unreadable pictures and rows are passed over and listed in
            `FaceCorpus.broken`.
    """
    if path.is_file() and path.suffix.lower() == ".csv":
        return _read_csv(path, split)
    if path.is_file() and path.suffix.lower() == ".zip":
        return _read_zip(path, split)
    if (path / split).is_dir():
        return _read_folder(path / split)
    if any((path / folder).is_dir() for folder in _FOLDER_NAMES):
        return _read_folder(path)
    if (path / f"{split}.zip").is_file():
        return _read_zip(path / f"{split}.zip", split)
    if (path / "fer2013.csv").is_file():
        return _read_csv(path / "fer2013.csv", split)
    raise CorpusError(
        f"no split {split!r} of FER2013 at {path}: expected fer2013.csv, a folder {split}/ "
        f"or {split}.zip"
    )


def decode_crop(data: bytes) -> npt.NDArray[np.uint8]:
    """Decode a picture of any size and colour to a grey 48×48 crop.

    Raises:
        ValueError: if the bytes are no complete picture.
    """
    encoded = np.frombuffer(data, dtype=np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE) if len(encoded) else None
    if image is None:
        raise ValueError("no readable picture")
    if image.shape != (CROP_SIDE, CROP_SIDE):
        image = cv2.resize(image, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
    return image.astype(np.uint8, copy=False)


def _read_folder(folder: Path) -> FaceCorpus:
    files = sorted(file for file in folder.glob("*/*") if file.suffix.lower() in _PICTURE_SUFFIXES)
    entries = ((file.relative_to(folder).as_posix(), file.read_bytes) for file in files)
    return _read_pictures(entries, len(files), str(folder))


def _read_zip(path: Path, split: str) -> FaceCorpus:
    with _open_zip(path) as archive:
        names = sorted(
            name
            for name in archive.namelist()
            if PurePosixPath(name).suffix.lower() in _PICTURE_SUFFIXES
        )
        inside = [name for name in names if PurePosixPath(name).parts[0] == split]
        if not inside:
            raise CorpusError(f"{path} holds no pictures under {split}/<emotion>/")
        entries = (
            (name.removeprefix(f"{split}/"), lambda name=name: archive.read(name))
            for name in inside
        )
        return _read_pictures(entries, len(inside), str(path))


def _progress(items: Iterable[_Item], source: str, count: int | None = None) -> Iterable[_Item]:
    bar: Iterable[_Item] = tqdm(
        items, total=count, desc=source, unit="face", leave=False, disable=None
    )
    return bar


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise CorpusError(f"{path} is not a complete zip file: {error}") from error


def _read_pictures(
    entries: Iterable[tuple[str, Callable[[], bytes]]], count: int, source: str
) -> FaceCorpus:
    collector = _Collector()
    for name, read in _progress(entries, source, count):
        emotion, _, file_name = name.partition("/")
        label = _FOLDER_NAMES.get(emotion.lower())
        if label is None:
            raise CorpusError(
                f"{source}: {name}: the folder {emotion!r} is no emotion; "
                f"expected {', '.join(LABELS)}"
            )
        try:
            image = decode_crop(read())
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            collector.broken.append(f"{name}: {error}")
            continue
        collector.images.append(image)
        collector.labels.append(LABELS.index(label))
        collector.names.append(file_name)
    return collector.finish(source)


def _read_csv(path: Path, split: str) -> FaceCorpus:
    usage = SPLIT_USAGES.get(split)
    if usage is None:
        raise CorpusError(f"{path} has the splits {', '.join(SPLIT_USAGES)}, not {split!r}")
    collector = _Collector()
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        missing = {"emotion", "pixels", "Usage"} - set(rows.fieldnames or ())
        if missing:
            raise CorpusError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        for number, row in enumerate(_progress(rows, str(path))):
            if row["Usage"] != usage:
                continue
            try:
                label, image = _parse_row(row)
            except ValueError as error:
                collector.broken.append(f"row {number + 2}: {error}")
                continue
            collector.images.append(image)
            collector.labels.append(label)
            collector.names.append(f"fer{number:07d}.png")
    return collector.finish(f"{path} ({usage})")


def _parse_row(row: dict[str, str]) -> tuple[int, npt.NDArray[np.uint8]]:
    emotion = row["emotion"] or ""
    if emotion not in {str(index) for index in range(len(CSV_LABELS))}:
        raise ValueError(f"label {emotion!r} is not 0 to {len(CSV_LABELS) - 1}")
    values = np.array((row["pixels"] or "").split(), dtype=np.int64)
    if values.size != CROP_SIDE**2:
        raise ValueError(f"{values.size} pixels instead of {CROP_SIDE**2}")
    if values.min() < 0 or values.max() > np.iinfo(np.uint8).max:
        raise ValueError("a pixel is outside 0 to 255")
    image = values.astype(np.uint8).reshape(CROP_SIDE, CROP_SIDE)
    return LABELS.index(CSV_LABELS[int(emotion)]), image
