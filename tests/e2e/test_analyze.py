import csv
import json

import cv2
import pytest
from skimage import data

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def rows_of(folder):
    with (folder / "timeline.csv").open() as file:
        return list(csv.DictReader(file))


def share(rows, label, start, end):
    window = [row["label"] == label for row in rows if start <= float(row["t"]) <= end]
    return sum(window) / len(window)


def test_the_clip_is_sad_then_happy(start, clip, tmp_path):
    program = start("analyze", clip, "--out", tmp_path / "out")
    assert program.wait() == 0, program.output
    rows = rows_of(tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert share(rows, "sad", 1.0, 5.5) >= 0.6
    assert share(rows, "happy", 11.0, 19.0) >= 0.9
    assert summary["frames_with_face"] >= 0.97 * summary["frames"]
    assert max(summary["face_ids"].values()) >= 0.95 * summary["frames_with_face"]
    assert summary["segments"][-1]["label"] == "happy"
    annotated = cv2.VideoCapture(str(tmp_path / "out" / "annotated.mp4"))
    assert annotated.get(cv2.CAP_PROP_FRAME_COUNT) == summary["frames"]
    assert cv2.imread(str(tmp_path / "out" / "timeline.png")) is not None


@pytest.fixture
def portrait_video(tmp_path):
    """Two seconds of a smiling face from a public-domain photograph."""
    path = tmp_path / "portrait.mp4"
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (512, 512))
    for _ in range(50):
        writer.write(picture)
    writer.release()
    return path


def test_a_smiling_portrait_is_happy_from_the_first_frame(start, portrait_video, tmp_path):
    program = start("analyze", portrait_video, "--out", tmp_path / "out")
    assert program.wait() == 0, program.output
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 50
    assert {row["label"] for row in rows} == {"happy"}
    assert float(rows[-1]["valence"]) > 0


def test_a_truncated_video_gives_what_was_read_and_an_error(start, portrait_video, tmp_path):
    whole = tmp_path / "whole.avi"
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 25, (512, 512))
    for _ in range(100):
        writer.write(picture)
    writer.release()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    program = start("analyze", cut, "--out", tmp_path / "out")
    assert program.wait() == 1
    assert "truncated" in program.output
    assert 30 <= len(rows_of(tmp_path / "out")) < 100


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "is empty"), (b"#!/bin/sh\necho hello\n", "not a video")],
)
def test_what_is_no_video_is_refused_by_name(start, tmp_path, content, message):
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    program = start("analyze", path, "--out", tmp_path / "out")
    assert program.wait() == 1
    assert message in program.output
    assert "clip.mp4" in program.output
    assert "Traceback" not in program.output


@pytest.mark.parametrize("content", [None, b"not a model"])
def test_missing_or_damaged_weights_are_named(start, portrait_video, tmp_path, content):
    weights = tmp_path / "weights.onnx"
    if content is not None:
        weights.write_bytes(content)
    program = start("analyze", portrait_video, "--out", tmp_path / "o", "--weights", weights)
    assert program.wait() == 1
    assert "weights.onnx" in program.output.replace("\n", "")
    assert "Traceback" not in program.output
