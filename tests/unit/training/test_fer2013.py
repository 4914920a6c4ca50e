from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.fer2013 import CSV_LABELS, load_fer2013

pytestmark = pytest.mark.unit


def write_csv(path: Path, rows: list[str], header: str = "emotion,pixels,Usage") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def pixels(value: int, count: int = 48 * 48) -> str:
    return " ".join([str(value)] * count)


def test_folder(face_folder: Path) -> None:
    corpus = load_fer2013(face_folder, "train")
    assert corpus.images.shape == (84, 48, 48)
    assert corpus.images.dtype == np.uint8
    assert np.bincount(corpus.labels).tolist() == [12] * 7
    position = corpus.names.index("fer0000012.png")
    assert LABELS[corpus.labels[position]] == "happy"


def test_folder_of_emotions_alone(face_folder: Path) -> None:
    assert len(load_fer2013(face_folder / "valid", "any")) == 28


def test_zip_gives_the_same_as_the_folder(face_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for file in face_folder.glob("train/*/*.png"):
            archive.write(file, file.relative_to(face_folder))
    folder, beside, direct = (
        load_fer2013(path, "train") for path in (face_folder, tmp_path, tmp_path / "train.zip")
    )
    assert folder.fingerprint() == beside.fingerprint() == direct.fingerprint()


def test_csv_usage_label_and_pixels(tmp_path: Path) -> None:
    ramp = " ".join(str(index % 256) for index in range(48 * 48))
    rows = [f"3,{ramp},Training", f"6,{pixels(7)},PublicTest", f"0,{pixels(9)},PrivateTest"]
    path = write_csv(tmp_path / "fer2013.csv", rows)
    train = load_fer2013(path, "train")
    assert LABELS[train.labels[0]] == "happy"
    assert train.images[0, 1, :3].tolist() == [48, 49, 50]
    valid = load_fer2013(tmp_path, "valid")
    assert (LABELS[valid.labels[0]], valid.names) == ("neutral", ("fer0000001.png",))
    assert LABELS[load_fer2013(path, "test").labels[0]] == "angry"


def test_csv_knows_seven_emotions() -> None:
    assert sorted(CSV_LABELS) == sorted(LABELS)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"7,{pixels(1)},Training", "label '7'"),
        (f"-1,{pixels(1)},Training", "label '-1'"),
        (f"happy,{pixels(1)},Training", "label 'happy'"),
        (f"1,{pixels(1, 2303)},Training", "2303 pixels"),
        (f"1,{pixels(256)},Training", "outside 0 to 255"),
        (f"1,{pixels(1)} x,Training", "invalid literal"),
    ],
)
def test_bad_csv_row_is_passed_over_and_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write_csv(tmp_path / "fer2013.csv", [f"1,{pixels(1)},Training", row])
    corpus = load_fer2013(path, "train")
    assert len(corpus) == 1
    assert "row 3" in corpus.broken[0]
    assert reason in corpus.broken[0]


def test_csv_without_a_column(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", [f"1,{pixels(1)}"], "emotion,pixels")
    with pytest.raises(CorpusError, match="lacks the columns Usage"):
        load_fer2013(path, "train")


def test_csv_of_nothing_but_bad_rows_names_the_first(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", [f"9,{pixels(1)},Training"])
    with pytest.raises(CorpusError, match=r"no readable face.*label '9'"):
        load_fer2013(path, "train")


def test_unknown_split_of_csv(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", [])
    with pytest.raises(CorpusError, match="not 'dev'"):
        load_fer2013(path, "dev")


def test_missing_path_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no split 'train'.*train\.zip"):
        load_fer2013(tmp_path / "nowhere", "train")


def test_unknown_emotion_folder(face_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(face_folder / "valid", tmp_path / "valid")
    (tmp_path / "valid" / "happy").rename(tmp_path / "valid" / "hungry")
    with pytest.raises(CorpusError, match="hungry"):
        load_fer2013(tmp_path, "valid")


def test_truncated_and_empty_pictures_are_passed_over(face_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(face_folder / "valid", tmp_path / "valid")
    first, second, third = sorted((tmp_path / "valid" / "sad").iterdir())[:3]
    first.write_bytes(first.read_bytes()[:700])
    second.write_bytes(b"")
    third.write_text("no picture", encoding="utf-8")
    corpus = load_fer2013(tmp_path, "valid")
    assert len(corpus) == 25
    assert [text.split(":")[0] for text in corpus.broken] == [
        f"sad/{file.name}" for file in (first, second, third)
    ]


def test_odd_sizes_and_colours_become_grey_crops(tmp_path: Path) -> None:
    folder = tmp_path / "valid" / "fear"
    folder.mkdir(parents=True)
    colour = np.zeros((97, 60, 3), np.uint8)
    colour[..., 1] = 255
    cv2.imwrite(str(folder / "colour.jpg"), colour)
    alpha = np.full((20, 30, 4), 200, np.uint8)
    cv2.imwrite(str(folder / "alpha.png"), alpha)
    cv2.imwrite(str(folder / "deep.png"), np.full((48, 48), 200 * 257, np.uint16))
    corpus = load_fer2013(tmp_path, "valid")
    assert corpus.images.shape == (3, 48, 48)
    means = dict(zip(corpus.names, corpus.images.mean(axis=(1, 2)), strict=True))
    assert means["colour.jpg"] == pytest.approx(150, abs=3)
    assert means["alpha.png"] == pytest.approx(200, abs=1)
    assert means["deep.png"] == pytest.approx(200, abs=1)


def test_damaged_zip(tmp_path: Path) -> None:
    (tmp_path / "train.zip").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(CorpusError, match="not a complete zip"):
        load_fer2013(tmp_path, "train")


def test_the_real_corpus(data_root: Path) -> None:
    corpus = load_fer2013(data_root / "fer2013", "valid")
    assert (len(corpus), len(corpus.broken)) == (3545, 0)
