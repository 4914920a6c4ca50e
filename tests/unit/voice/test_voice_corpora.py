from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_core.affect import Emotion
from emotion_core.audio.features import SAMPLE_RATE
from emotion_train.corpora.emodb import load_emodb, parse_emodb_name
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.ravdess import load_ravdess, parse_ravdess_name
from emotion_train.corpora.utterances import read_waveform

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("03-01-01-01-01-01-12", (12, Emotion.NEUTRAL)),
        ("03-01-02-02-01-01-24", (24, Emotion.NEUTRAL)),
        ("03-01-03-01-02-01-01", (1, Emotion.HAPPY)),
        ("03-01-04-01-01-02-07", (7, Emotion.SAD)),
        ("03-01-05-01-01-01-08", (8, Emotion.ANGRY)),
        ("03-01-06-01-01-01-09", (9, Emotion.FEAR)),
        ("03-01-07-01-01-01-10", (10, Emotion.DISGUST)),
        ("03-01-08-01-01-01-11", (11, Emotion.SURPRISE)),
        ("03-02-04-01-01-01-01", None),
        ("01-01-04-01-01-01-01", None),
    ],
)
def test_ravdess_names(stem: str, expected: tuple[int, Emotion] | None) -> None:
    assert parse_ravdess_name(stem) == expected


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("03a01Fa", (3, Emotion.HAPPY)),
        ("16b10Td", (16, Emotion.SAD)),
        ("10a05Wb", (10, Emotion.ANGRY)),
        ("08b02Aa", (8, Emotion.FEAR)),
        ("09a07Eb", (9, Emotion.DISGUST)),
        ("15b01Nc", (15, Emotion.NEUTRAL)),
        ("13a04N", (13, Emotion.NEUTRAL)),
        ("11a04Lc", None),
    ],
)
def test_emodb_names(stem: str, expected: tuple[int, Emotion] | None) -> None:
    assert parse_emodb_name(stem) == expected


@pytest.mark.parametrize("stem", ["", "03-01-01", "03-01-09-01-01-01-01", "03-01-01-01-01-01-25"])
def test_a_wrong_ravdess_name_says_why(stem: str) -> None:
    with pytest.raises(ValueError, match=r"there is no|seven numbers"):
        parse_ravdess_name(stem)


@pytest.mark.parametrize("stem", ["", "a01Fa", "03a01Xa", "03-01-01-01-01-01-01"])
def test_a_wrong_emodb_name_says_why(stem: str) -> None:
    with pytest.raises(ValueError, match=r"there is no|the name is not"):
        parse_emodb_name(stem)


def test_both_layouts_are_read(voice_folder: Path) -> None:
    ravdess = load_ravdess(voice_folder / "ravdess")
    assert (len(ravdess), ravdess.speakers(), ravdess.broken) == (42, (1, 2, 20), ())
    emodb = load_emodb(voice_folder / "emodb")
    assert (len(emodb), emodb.speakers()) == (36, (3, 8, 15))
    assert {utterance.waveform.dtype for utterance in emodb.utterances} == {np.dtype(np.float32)}
    held = ravdess.of_speakers([20])
    assert held.speakers() == (20,)
    assert held.fingerprint() != ravdess.fingerprint()


def test_broken_files_are_named_and_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "somewhere" / "Actor_01"
    folder.mkdir(parents=True)
    tone = np.sin(np.arange(8000) / 5).astype(np.float32)
    soundfile.write(folder / "03-01-03-01-01-01-01.wav", tone, SAMPLE_RATE)
    (folder / "03-01-04-01-01-01-01.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt nonsense")
    soundfile.write(folder / "03-01-05-01-01-01-01.wav", tone[:0], SAMPLE_RATE)
    spoilt = tone.copy()
    spoilt[7] = np.nan
    soundfile.write(folder / "03-01-06-01-01-01-01.wav", spoilt, SAMPLE_RATE, subtype="FLOAT")
    soundfile.write(folder / "holiday.wav", tone, SAMPLE_RATE)
    soundfile.write(folder / "03-02-03-01-01-01-01.wav", tone, SAMPLE_RATE)
    # The same recording once more, in another folder of an unpacked archive.
    soundfile.write(tmp_path / "03-01-03-01-01-01-01.flac", tone, SAMPLE_RATE)
    corpus = load_ravdess(tmp_path)
    assert [utterance.name for utterance in corpus.utterances] == ["03-01-03-01-01-01-01"]
    assert len(corpus.broken) == 4
    for name in ("-04-01-01-01-01.wav", "-05-01-01-01-01.wav", "-06-01-01", "holiday.wav"):
        assert any(name in reason for reason in corpus.broken)


def test_nothing_to_read_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="missing"):
        load_emodb(tmp_path / "missing")
    (tmp_path / "03a01Fa.wav").write_bytes(b"no sound")
    with pytest.raises(CorpusError, match=r"03a01Fa\.wav"):
        load_emodb(tmp_path)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_any_rate_and_stereo_become_mono_at_our_rate(tmp_path: Path, rate: int) -> None:
    time = np.arange(rate) / rate
    left = np.sin(2 * np.pi * 440 * time)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([left, 0 * left], axis=1), rate, subtype="FLOAT")
    waveform = read_waveform(path)
    assert abs(len(waveform) - SAMPLE_RATE) <= 1
    spectrum = np.abs(np.fft.rfft(waveform[:SAMPLE_RATE]))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert np.abs(waveform[4000:12000]).max() == pytest.approx(0.5, abs=0.01)
