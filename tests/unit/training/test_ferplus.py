from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.ferplus import load_votes, majority_labels, vote_distributions

pytestmark = pytest.mark.unit

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)


def write(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "votes.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_distribution_in_label_order(tmp_path: Path) -> None:
    votes = load_votes(write(tmp_path, "Training,a.png,4,0,0,1,3,2,0,0,0,0"))
    expected = {"neutral": 0.4, "sad": 0.1, "angry": 0.3, "disgust": 0.2}
    np.testing.assert_allclose(
        vote_distributions(votes, ["a.png"])[0], [expected.get(label, 0.0) for label in LABELS]
    )


def test_contempt_unknown_and_no_face_are_left_out(tmp_path: Path) -> None:
    votes = load_votes(
        write(tmp_path, "Training,a.png,0,2,0,0,0,0,0,4,3,1", "Training,b.png,0,0,0,0,0,0,0,5,0,5")
    )
    shares = vote_distributions(votes, ["a.png", "b.png", "c.png"])
    assert shares[0, LABELS.index("happy")] == 1.0
    assert shares[1:].sum() == 0.0


def test_repeated_and_empty_names_are_dropped(tmp_path: Path) -> None:
    row = "Training,{},10,0,0,0,0,0,0,0,0,0"
    path = write(tmp_path, *(row.format(name) for name in ("a.png", "a.png", "", "b.png")))
    assert list(load_votes(path)) == ["b.png"]


def test_majority_rules(tmp_path: Path) -> None:
    votes = load_votes(
        write(
            tmp_path,
            "Training,clear.png,0,0,0,6,4,0,0,0,0,0",
            "Training,tie.png,5,5,0,0,0,0,0,0,0,0",
            "Training,unknown.png,4,0,0,0,0,0,0,0,6,0",
            "Training,noface.png,0,0,0,0,0,0,0,0,0,10",
            "Training,contempt.png,2,0,0,0,0,0,0,8,0,0",
        )
    )
    names = ["clear.png", "tie.png", "unknown.png", "noface.png", "contempt.png", "absent.png"]
    sad = LABELS.index("sad")
    assert majority_labels(votes, names).tolist() == [sad, -1, -1, -1, -1, -1]
    assert majority_labels(votes, names, contempt=True).tolist() == [sad, -1, -1, -1, 7, -1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Training,a.png,x,0,0,0,0,0,0,0,0,0", "row 2: a vote is no whole number"),
        ("Training,a.png,1,0", "row 2: a vote is no whole number"),
        ("Training,a.png,-1,0,0,0,0,0,0,0,0,0", "row 2: a vote is negative"),
    ],
)
def test_bad_vote_names_the_row(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        load_votes(write(tmp_path, row))


def test_missing_column_and_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="lacks the columns fear"):
        load_votes(write(tmp_path, header=HEADER.replace(",fear", "")))
    with pytest.raises(CorpusError, match="cannot read the FER"):
        load_votes(tmp_path / "nowhere.csv")


def test_every_training_face_but_a_few_has_votes(data_root: Path) -> None:
    votes = load_votes(data_root / "fer2013" / "fer2013new.csv")
    assert len(votes) == 32298 - 158 - 6
