from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emotion_core.affect import LABELS
from emotion_train.corpora.emobank import load_emobank
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.goemotions import load_goemotions
from emotion_train.corpora.meld import load_meld
from emotion_train.corpora.sentences import SentenceCorpus

pytestmark = pytest.mark.unit

MELD_HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,"
    "Season,Episode,StartTime,EndTime"
)
Loader = Callable[[Path, str], SentenceCorpus]


def meld_file(folder: Path, *rows: str, header: str = MELD_HEADER) -> Path:
    path = folder / "dev_sent_emo.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def names(corpus: SentenceCorpus) -> list[list[str]]:
    return [[LABELS[place] for place in np.flatnonzero(row)] for row in corpus.emotions]


def test_meld(tmp_path: Path) -> None:
    meld_file(
        tmp_path,
        '1,"Oh, no.",Ann,sadness,negative,0,0,1,1,"00:00:01,0","00:00:02,0"',
        '2,Great!,Bob,Joy,positive,0,1,1,1,"00:00:02,0","00:00:03,0"',
        '3,"Hi, ""you"".",Bob,neutral,neutral,1,0,1,1,"00:00:02,0","00:00:03,0"',
    )
    corpus = load_meld(tmp_path, "dev")
    assert corpus.texts == ("Oh, no.", "Great!", 'Hi, "you".')
    assert corpus.contexts == ("", "Oh, no.", "")
    assert names(corpus) == [["sad"], ["happy"], ["neutral"]]
    assert np.isnan(corpus.ratings).all()
    assert corpus.broken == ()
    assert corpus.without_contexts().contexts == ("", "", "")
    assert load_meld(tmp_path / "dev_sent_emo.csv", "ignored").texts == corpus.texts


def test_meld_context_is_of_the_same_dialogue_and_short(tmp_path: Path) -> None:
    rows = [f"{n},u{n},A,joy,x,0,{n},1,1,0,1" for n in range(7)]
    corpus = load_meld(meld_file(tmp_path, *rows, "9,alone,A,joy,x,5,6,1,1,0,1"), "dev")
    assert corpus.contexts[6] == "u2 u3 u4 u5"
    assert corpus.contexts[7] == ""


def test_broken_meld_rows_are_passed_over_and_named(tmp_path: Path) -> None:
    corpus = load_meld(
        meld_file(
            tmp_path,
            "1,fine,A,joy,x,0,0,1,1,0,1",
            "2,what,A,boredom,x,0,1,1,1,0,1",
            "3,short",
            "4,where,A,joy,x,zero,1,1,1,0,1",
        ),
        "dev",
    )
    assert corpus.texts == ("fine",)
    assert [fault.split(":")[0] for fault in corpus.broken] == ["row 3", "row 4", "row 5"]
    assert "'boredom' is none of" in corpus.broken[0]
    assert "ends early" in corpus.broken[1]
    assert "no whole number" in corpus.broken[2]


def test_goemotions(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise")
    (tmp_path / "train.tsv").write_text(
        'so "good\t3\tid1\nwhat now\t0,6\tid2\nfine\t9\tid3\nlonely\nnothing\t\tid4\n',
        encoding="utf-8",
    )
    corpus = load_goemotions(tmp_path, "train")
    assert corpus.texts == ('so "good', "what now")
    assert names(corpus) == [["happy"], ["angry", "surprise"]]
    assert [fault.split(":")[0] for fault in corpus.broken] == ["row 3", "row 4", "row 5"]
    assert "label '9' is not 0 to 6" in corpus.broken[0]


def test_goemotions_with_other_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("fine\t0\tid\n", encoding="utf-8")
    assert names(load_goemotions(tmp_path, "dev")) == [["angry"]]
    (tmp_path / "labels.txt").write_text("admiration\nanger\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"labels\.txt names 'admiration'"):
        load_goemotions(tmp_path, "dev")


def test_emobank(tmp_path: Path) -> None:
    (tmp_path / "emobank.csv").write_text(
        "id,split,V,A,D,text\n"
        'a,train,1.0,5.0,3.0,"Bad, bad."\n'
        "b,dev,3.5,2.0,3.0,Well\n"
        "c,train,6,3,3,Too much\n"
        "d,train,,3,3,Nothing\n"
        "e,train,3,3,3\n"
        "f,kept,3,3,3,Where\n",
        encoding="utf-8",
    )
    corpus = load_emobank(tmp_path, "train")
    assert corpus.texts == ("Bad, bad.",)
    np.testing.assert_allclose(corpus.ratings, [[-1.0, 1.0]])
    assert not corpus.emotions.any()
    assert [fault.split(":")[0] for fault in corpus.broken] == ["row 4", "row 5", "row 6", "row 7"]
    np.testing.assert_allclose(
        load_emobank(tmp_path / "emobank.csv", "dev").ratings, [[0.25, -0.5]]
    )


@pytest.mark.parametrize("load", [load_meld, load_goemotions, load_emobank])
def test_missing_files_are_named(load: Loader, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=f"{tmp_path.name}: expected"):
        load(tmp_path, "dev")
    with pytest.raises(CorpusError, match="not 'valid'"):
        load(tmp_path, "valid")


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = meld_file(tmp_path, "1,hello", header="Sr No.,Utterance")
    with pytest.raises(CorpusError, match="lacks the columns Dialogue_ID, Emotion, Utterance_ID"):
        load_meld(path, "dev")
    bank = tmp_path / "emobank.csv"
    bank.write_text("id,split,V,text\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="lacks the columns A"):
        load_emobank(bank, "dev")


def test_files_without_a_sentence_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no readable sentence; first fault: row 2: emotion ''"):
        load_meld(meld_file(tmp_path, "1,hello,A,,x,0,0,1,1,0,1"), "dev")
    table = tmp_path / "dev.tsv"
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match=r"cannot read .*dev\.tsv"):
        load_goemotions(table, "dev")


def test_fingerprint_follows_content(tmp_path: Path) -> None:
    table = tmp_path / "dev.tsv"
    prints = set()
    for line in ("a\t0\tid\n", "a\t1\tid\n", "b\t0\tid\n", "b\t0\tid\n"):
        table.write_text(line, encoding="utf-8")
        prints.add(load_goemotions(table, "dev").fingerprint())
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("load", "folder", "split", "count"),
    [
        (load_meld, "meld", "train", 9989),
        (load_meld, "meld", "dev", 1109),
        (load_goemotions, "goemotions", "train", 43410),
        (load_goemotions, "goemotions", "dev", 5426),
        (load_emobank, "emobank", "train", 8062),
        (load_emobank, "emobank", "dev", 1000),
    ],
)
def test_real_corpora(load: Loader, folder: str, split: str, count: int, data_root: Path) -> None:
    corpus = load(data_root / "text" / folder, split)
    assert len(corpus) == count
    assert corpus.broken == ()
