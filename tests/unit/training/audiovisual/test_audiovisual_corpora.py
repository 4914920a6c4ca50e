from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_recordings import (
    PaintedFace,
    add_crema_d,
    add_semaine,
    make_crema_d,
    make_meld,
    make_ravdess,
    make_semaine,
    write_sound,
    write_video,
)
from typer.testing import CliRunner

from emotion_core.affect import Emotion
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.resources import cache_directory
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_train.cli import app
from emotion_train.corpora import recording_clips
from emotion_train.corpora.catalogue import PREPARE
from emotion_train.corpora.crema_d import SENTENCES, load_crema_d, parse_crema_d_name
from emotion_train.corpora.cut_recordings import prepare_recordings
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.meld_video import load_meld_video
from emotion_train.corpora.ravdess_video import load_ravdess_video
from emotion_train.corpora.recording_clips import load_recording_clip
from emotion_train.corpora.recordings import Recording, RecordingCorpus, Sentence
from emotion_train.corpora.semaine import average_traces, load_semaine, read_trace, read_turns
from emotion_train.export.mtcnn import export_mtcnn

pytestmark = pytest.mark.unit


def test_crema_d(tmp_path: Path) -> None:
    root = make_crema_d(tmp_path, actors=2)
    corpus = load_crema_d(root)
    assert [recording.name for recording in corpus.recordings] == [
        "1001_DFA_ANG_XX",
        "1001_DFA_HAP_XX",
        "1002_DFA_ANG_XX",
        "1002_DFA_HAP_XX",
    ]
    first = corpus.recordings[0]
    assert (first.speaker, first.emotion, first.split) == ("1001", Emotion.ANGRY, "")
    assert first.sentences == (Sentence("Don't forget a jacket."),)
    assert (first.video, first.sound) == (
        root / "VideoFlash" / "1001_DFA_ANG_XX.flv",
        root / "AudioWAV" / "1001_DFA_ANG_XX.wav",
    )
    assert len(SENTENCES) == 12


def test_crema_d_passes_over_single_files(tmp_path: Path) -> None:
    root = make_crema_d(tmp_path, actors=1, emotions=("SAD",))
    write_sound(root / "AudioWAV" / "1002_DFA_SAD_XX.wav", 0.1)
    (root / "VideoFlash" / "1003_IEO_SAD_LO.flv").write_bytes(b"")
    for stem in ("noise", "1001_ABC_SAD_XX", "1001_DFA_JOY_XX", "1001_DFA_SAD_YY"):
        (root / "AudioWAV" / f"{stem}.wav").write_bytes(b"")
    corpus = load_crema_d(root)
    assert len(corpus.recordings) == 1
    reasons = "\n".join(corpus.broken)
    for expected in (
        "1002_DFA_SAD_XX.flv",
        "1003_IEO_SAD_LO.wav",
        "noise: the name is not",
        "no sentence ABC",
        "no emotion JOY",
        "no level YY",
    ):
        assert expected in reasons
    assert len(corpus.broken) == 6


@given(st.text())
def test_crema_d_name_never_fails_otherwise(stem: str) -> None:
    try:
        actor, text, emotion = parse_crema_d_name(stem)
    except ValueError:
        return
    assert len(actor) == 4
    assert text in SENTENCES.values()
    assert emotion in Emotion


def test_ravdess_is_split_by_actor(tmp_path: Path) -> None:
    root = tmp_path / "ravdess"
    for name in (
        "Actor_01/01-01-03-01-02-01-01.mp4",
        "Actor_01/02-01-03-01-02-01-01.mp4",  # the same take without sound
        "Actor_01/02-01-04-01-01-01-01.mp4",  # a take that is there without sound only
        "Actor_01/01-02-04-01-01-01-01.mp4",  # song
        "Actor_19/01-01-02-01-01-01-19.mp4",
        "Actor_24/01-01-08-02-01-02-24.mp4",
        "Actor_24/01-01-09-02-01-02-24.mp4",
        "Actor_24/holiday.mp4",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    corpus = load_ravdess_video(root)
    found = {one.name: (one.speaker, one.split, one.emotion) for one in corpus.recordings}
    assert found == {
        "01-01-03-01-02-01-01": ("01", "train", Emotion.HAPPY),
        "02-01-04-01-01-01-01": ("01", "train", Emotion.SAD),
        "01-01-02-01-01-01-19": ("19", "valid", Emotion.NEUTRAL),
        "01-01-08-02-01-02-24": ("24", "test", Emotion.SURPRISE),
    }
    silent = next(one for one in corpus.recordings if one.name.startswith("02"))
    assert silent.sound is None
    assert silent.sentences[0].text == "Kids are talking by the door."
    assert len(corpus.broken) == 2


def test_meld_splits_and_faults(tmp_path: Path) -> None:
    root = make_meld(tmp_path)
    (root / "train_splits" / "dia1_utt1.mp4").unlink()
    with (root / "train_sent_emo.csv").open("a", encoding="utf-8") as table:
        table.write("hm,Joey,boredom,7,0\n")
    corpus = load_meld_video(root)
    assert {one.name: one.split for one in corpus.recordings} == {
        "dev_dia0_utt0": "valid",
        "dev_dia0_utt1": "valid",
        "train_dia0_utt0": "train",
        "train_dia0_utt1": "train",
        "train_dia1_utt0": "train",
    }
    first = corpus.recordings[-1]
    assert (first.speaker, first.emotion) == ("Joey", Emotion.HAPPY)
    assert first.sentences == (Sentence("I said joy!"),)
    assert [fault.rpartition(": ")[2][:20] for fault in corpus.broken] == [
        "emotion 'boredom' is",
        f"no {root}/train_splits/dia1_utt1.mp4"[:20],
    ]


def test_meld_unpacked_archive_by_archive(tmp_path: Path) -> None:
    root = make_meld(tmp_path)
    inside = root / "train"
    inside.mkdir()
    for part in ("train_sent_emo.csv", "train_splits"):
        (root / part).rename(inside / part)
    assert len(load_meld_video(root).recordings) == 6
    (inside / "train_sent_emo.csv").unlink()
    with pytest.raises(CorpusError, match=r"the table .*train_sent_emo.csv is missing"):
        load_meld_video(root)


def test_semaine_averages_its_raters(tmp_path: Path) -> None:
    folder = add_semaine(tmp_path, 7)
    (recording,) = load_semaine(tmp_path).recordings
    assert (recording.name, recording.speaker) == ("session_7", "2008.12.05.16.03.15")
    assert recording.video is not None
    assert recording.video.name.endswith("User Frontal_C_Poppy.avi")
    assert recording.sentences == (Sentence("I'm fine", 0.9), Sentence("Yes", 2.0))
    assert recording.affect is not None
    # The raters' offsets cancel out.
    np.testing.assert_allclose(recording.affect.values[:, 0], 0.2 * recording.affect.times, 0, 1e-6)
    np.testing.assert_allclose(recording.affect.values[:, 1], -recording.affect.values[:, 0])
    assert folder.name == "7"


def test_semaine_goes_on_without_a_rater_whose_file_is_garbage(tmp_path: Path) -> None:
    folder = add_semaine(tmp_path, 1)
    (folder / "R1S1TUCPoDV.txt").write_bytes(b"\x00\xff garbage")
    (folder / "R1S1TUCPoDA.txt").write_text("0.0 0.1\n0.1 7.5\n", encoding="utf-8")
    add_semaine(tmp_path, 2)
    for name in ("R1S2TUCPoDV.txt", "R5S2TUCPoDV.txt"):
        (tmp_path / "Sessions" / "2" / name).write_text("", encoding="utf-8")
    (tmp_path / "Sessions" / "3").mkdir()
    silent = add_semaine(tmp_path, 4)
    next(silent.glob("*User*.wav")).unlink()
    corpus = load_semaine(tmp_path)
    (recording,) = corpus.recordings
    assert recording.affect is not None
    np.testing.assert_allclose(
        recording.affect.values[:, 0], 0.2 * recording.affect.times + 0.1, 0, 1e-6
    )
    reasons = "\n".join(corpus.broken)
    for expected in (
        "R1S1TUCPoDV.txt: line 1 is not a time and a value",
        "R1S1TUCPoDA.txt: line 2: 7.5 at 0.1 s is outside",
        "R5S2TUCPoDV.txt: it is empty",
        "2: no readable trace of the user's dimension V",
        "3: no video of the user",
        "4: no sound of the user",
    ):
        assert expected in reasons


@pytest.fixture(scope="module")
def trace_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trace") / "trace.txt"


@given(st.binary(max_size=200) | st.from_regex(r"([0-9.e-]+ [0-9.-]+\n){1,9}").map(str.encode))
def test_a_trace_of_any_content_is_read_or_refused(trace_file: Path, content: bytes) -> None:
    trace_file.write_bytes(content)
    read_turns(trace_file)
    try:
        trace = read_trace(trace_file)
    except ValueError:
        return
    assert np.isfinite(trace).all()
    assert (np.diff(trace[:, 0]) > 0).all()


def test_nobody_is_averaged_where_nobody_rated() -> None:
    early = np.array([[0.0, 1.0], [1.0, 1.0]])
    late = np.array([[0.5, 0.0], [2.0, 0.0]])
    mean = average_traces([early, late], np.array([0.2, 0.7, 1.5, 3.0]))
    np.testing.assert_allclose(mean, [1.0, 0.5, 0.0, np.nan])


@pytest.mark.parametrize(
    ("load", "missing"),
    [
        (load_crema_d, "VideoFlash is missing"),
        (load_ravdess_video, "Actor_01 to Actor_24 are missing"),
        (load_meld_video, "train_splits is missing"),
        (load_semaine, "Sessions is missing"),
    ],
)
def test_another_layout_is_refused(
    tmp_path: Path, load: Callable[[Path], RecordingCorpus], missing: str
) -> None:
    with pytest.raises(CorpusError, match=missing):
        load(tmp_path)


def test_a_corpus_of_faults_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "Sessions" / "1").mkdir(parents=True)
    with pytest.raises(
        CorpusError, match=r"no usable recording of SEMAINE; first fault: .*no video"
    ):
        load_semaine(tmp_path)


def test_prepared_recording(tmp_path: Path) -> None:
    root = tmp_path / "crema_d"
    add_crema_d(root, "1001_DFA_ANG_XX", 1.0)
    detector = PaintedFace()
    preparation = PREPARE["crema-d"](root, tmp_path / "out", detector)
    clip = load_recording_clip(preparation.files[0])
    # Twenty frames a second, of which each first of a tenth is looked at; the second one is dark.
    # The sound's last chunk may reach into an eleventh step.
    assert detector.calls == 10
    assert clip.seen[:11].tolist() == [True, False] + [True] * 8 + [False]
    assert clip.faces.shape[1:] == (48, 48)
    assert not clip.faces[1].any()
    np.testing.assert_allclose(clip.boxes[0], [60, 50, 88, 110])
    assert abs(len(clip.samples) / SAMPLE_RATE - 1.0) < 0.04
    assert (clip.name, clip.speaker, clip.emotion) == ("1001_DFA_ANG_XX", "1001", Emotion.ANGRY)
    (said,) = clip.sentences
    assert said.end == pytest.approx(1.0, abs=0.15)
    assert np.isnan(clip.ratings).all()


def test_the_real_detector_finds_the_face(tmp_path: Path) -> None:
    networks = cache_directory() / "mtcnn"
    export_mtcnn(networks)
    write_video(tmp_path / "Actor_01" / "01-01-03-01-01-01-01.mp4", 0.3, hertz=200.0)
    preparation = PREPARE["ravdess"](tmp_path, tmp_path / "out", MtcnnDetector(networks))
    clip = load_recording_clip(preparation.files[0])
    assert clip.seen[:3].all()
    np.testing.assert_allclose(clip.boxes[0], [60, 50, 89, 118], atol=8)
    # The eyes are darker than the cheeks.
    assert clip.faces[0, 17:20, 13:18].mean() < clip.faces[0, 26:32, 10:16].mean()


def test_ratings_follow_the_steps(tmp_path: Path) -> None:
    add_semaine(tmp_path, 1)
    preparation = PREPARE["semaine"](tmp_path, tmp_path / "out", PaintedFace())
    clip = load_recording_clip(preparation.files[0])
    times = np.arange(29) * 0.1
    np.testing.assert_allclose(clip.ratings[:29, 0], 0.2 * times, atol=1e-5)
    assert [said.end for said in clip.sentences] == [0.9, 2.0]
    assert clip.emotion is None


def test_interrupted_preparation_goes_on(tmp_path: Path) -> None:
    root, out = make_ravdess(tmp_path / "ravdess", actors=(1,)), tmp_path / "out"
    first, second, third = PaintedFace(), PaintedFace(), PaintedFace()
    done = PREPARE["ravdess"](root, out, first)
    done.files[1].write_bytes(b"half a file")
    PREPARE["ravdess"](root, out, second)
    PREPARE["ravdess"](root, out, third)
    assert (first.calls, second.calls, third.calls) == (20, 10, 0)


def test_broken_files_are_passed_over_with_a_reason(tmp_path: Path) -> None:
    root = make_crema_d(tmp_path / "crema_d", actors=1)
    add_crema_d(root, "1002_TIE_FEA_HI", 0.3)
    (root / "VideoFlash" / "1002_TIE_FEA_HI.flv").write_bytes(b"no video at all")
    add_crema_d(root, "1003_TIE_FEA_HI", 0.3)
    (root / "AudioWAV" / "1003_TIE_FEA_HI.wav").write_bytes(b"RIFF broken header")
    preparation = PREPARE["crema-d"](root, tmp_path / "out", PaintedFace())
    assert [path.stem for path in preparation.files] == ["1001_DFA_ANG_XX", "1001_DFA_HAP_XX"]
    assert len(preparation.broken) == 2
    assert "1002_TIE_FEA_HI" in preparation.broken[0]
    assert "1003_TIE_FEA_HI" in preparation.broken[1]


def test_a_video_without_sound_is_silent(tmp_path: Path) -> None:
    write_video(tmp_path / "mute.mp4", 0.5)
    path = tmp_path / "mute.mp4"
    recording = Recording("mute", "a", path, path, (Sentence("Hello."),), Emotion.SAD)
    corpus = RecordingCorpus("test", (recording,))
    (file,) = prepare_recordings(tmp_path, corpus, tmp_path / "out", PaintedFace()).files
    clip = load_recording_clip(file)
    assert len(clip.samples) == 0
    assert clip.seen.tolist() == [True] * 5
    assert clip.sentences == (Sentence("Hello.", 0.5),)


def test_full_disk_stops_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_ravdess(tmp_path / "ravdess", actors=(1,))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recording_clips, "save_file", full)
    with pytest.raises(CorpusError, match=r"disk is full.*\.safetensors"):
        PREPARE["ravdess"](root, tmp_path / "out", PaintedFace())
    assert list((tmp_path / "out").iterdir()) == []


def test_damaged_prepared_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(CorpusError, match=r"x\.safetensors is damaged"):
        load_recording_clip(path)


def test_the_command_names_the_fault(tmp_path: Path) -> None:
    arguments = ["prepare", "semaine", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert f"no SEMAINE at {tmp_path}" in result.output
    result = CliRunner().invoke(app, ["prepare", "iemocap", *arguments[2:]])
    assert result.exit_code == 2
    assert "crema-d" in result.output


def test_meld_and_semaine_can_be_prepared(tmp_path: Path) -> None:
    for name, root in (
        ("meld", make_meld(tmp_path / "meld")),
        ("semaine", make_semaine(tmp_path / "semaine", sittings=1)),
    ):
        preparation = PREPARE[name](root, tmp_path / name / "out", PaintedFace())
        assert not preparation.broken
        for path in preparation.files:
            clip = load_recording_clip(path)
            assert clip.seen.any()
            assert len(clip.samples) > SAMPLE_RATE // 2
