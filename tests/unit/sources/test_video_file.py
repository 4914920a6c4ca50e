import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from source_doubles import NUMBERS, number_of

from emotion_core.vision.frames import Frame
from emotion_core.vision.sources import (
    FileEmptyError,
    FileMissingError,
    NotAVideoError,
    SourceError,
    TruncatedVideoError,
    VideoFile,
)

pytestmark = pytest.mark.unit

MakeVideo = Callable[..., Path]


def read_all(source: VideoFile) -> list[Frame]:
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


@pytest.mark.parametrize("name", ["plain.mp4", "plain.avi", "plain.mkv"])
def test_every_frame_in_order_with_its_time(make_video: MakeVideo, name: str) -> None:
    source = VideoFile(make_video(name))
    frames = read_all(source)
    assert [number_of(frame.image) for frame in frames] == [
        number % NUMBERS for number in range(40)
    ]
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(40) / 20, atol=0.002)
    assert (source.width, source.height, source.fps) == (96, 64, 20.0)
    assert source.frame_count == 40
    assert frames[0].image.shape == (64, 96, 3)
    assert frames[0].image.dtype == np.uint8


def test_frames_are_independent_arrays(make_video: MakeVideo) -> None:
    frames = read_all(VideoFile(make_video("copies.mp4")))
    assert len({frame.image.ctypes.data for frame in frames}) == len(frames)


def test_opens_again_from_the_start(make_video: MakeVideo) -> None:
    source = VideoFile(make_video("again.mp4"))
    assert len(read_all(source)) == len(read_all(source)) == 40
    source.open()
    source.read()
    source.open()
    frame = source.read()
    assert frame is not None
    assert number_of(frame.image) == 0
    source.close()
    source.close()
    assert source.read() is None


def test_clock_gives_the_time(make_video: MakeVideo) -> None:
    source = VideoFile(make_video("clock.mp4"))
    source.open()
    frame = source.read(lambda: 123.5)
    assert frame is not None
    assert frame.time == 123.5
    source.close()


def test_prepare_tells_the_time_of_what_read_returns_next(make_video: MakeVideo) -> None:
    source = VideoFile(make_video("prepare.mp4"))
    source.open()
    for number in range(5):
        assert source.prepare() == source.prepare() == pytest.approx(number / 20, abs=0.002)
        frame = source.read()
        assert frame is not None
        assert number_of(frame.image) == number
    source.close()


def test_tiny_video(make_video: MakeVideo) -> None:
    frames = read_all(VideoFile(make_video("tiny.avi", frames=3, size=(2, 4))))
    assert [frame.image.shape for frame in frames] == [(4, 2, 3)] * 3


def fails_to_open(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        VideoFile(path).open()
    assert str(path) in str(caught.value)
    assert not caught.value.retryable
    return caught.value


def test_missing_file(tmp_path: Path) -> None:
    error = fails_to_open(tmp_path / "absent.mp4")
    assert isinstance(error, FileMissingError)
    assert "no such file" in str(error)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert isinstance(fails_to_open(path), FileEmptyError)


def test_folder(tmp_path: Path) -> None:
    assert isinstance(fails_to_open(tmp_path), NotAVideoError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(make_video: MakeVideo) -> None:
    path = make_video("secret.mp4")
    path.chmod(0)
    assert isinstance(fails_to_open(path), FileMissingError)


@pytest.mark.parametrize("name", ["notes.mp4", "notes.txt"])
def test_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Größe, naïve, 日本語\n" * 300, encoding="utf-8")
    error = fails_to_open(path)
    assert isinstance(error, NotAVideoError)
    assert "text" in str(error)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8))
    error = fails_to_open(path.rename(tmp_path / "picture.mp4"))
    assert isinstance(error, NotAVideoError)
    assert "picture" in str(error)


def test_noise(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(50_000))
    assert isinstance(fails_to_open(path), NotAVideoError)


def test_sound_without_picture(data_root: Path) -> None:
    assert isinstance(fails_to_open(data_root / "clips" / "jfk.flac"), NotAVideoError)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_video_whose_index_is_cut_off(make_video: MakeVideo, tmp_path: Path, share: float) -> None:
    content = make_video("whole.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: int(len(content) * share)])
    error = fails_to_open(path)
    assert isinstance(error, TruncatedVideoError)
    assert "truncated" in str(error)


@pytest.mark.parametrize("name", ["long.avi", "long.mkv"])
def test_video_cut_in_the_middle_gives_its_frames_and_then_the_reason(
    make_video: MakeVideo, tmp_path: Path, name: str
) -> None:
    content = make_video(name, frames=90).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: len(content) // 2])
    source = VideoFile(path)
    source.open()
    numbers = []

    def read_on() -> None:
        while (frame := source.read()) is not None:
            numbers.append(number_of(frame.image))

    with pytest.raises(TruncatedVideoError, match=r"ends after \d+ of 90 frames") as caught:
        read_on()
    assert 20 < len(numbers) < 70
    # The last one may itself be cut.
    assert numbers[:-1] == [number % NUMBERS for number in range(len(numbers) - 1)]
    assert f"after {len(numbers)} of" in str(caught.value)
    source.close()


def test_broken_files_write_nothing_on_stderr(
    make_video: MakeVideo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = make_video("quiet.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[:500])
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    for name in ("cut.mp4", "noise.mp4"):
        with pytest.raises(SourceError):
            VideoFile(tmp_path / name).open()
    assert capfd.readouterr().err == ""


def test_real_clip(clip: Path) -> None:
    source = VideoFile(clip)
    source.open()
    assert (source.width, source.height, source.frame_count) == (640, 360, 472)
    assert source.fps == pytest.approx(24000 / 1001)
    times = []
    while (frame := source.read()) is not None:
        times.append(frame.time)
    np.testing.assert_allclose(times, np.arange(472) / source.fps, atol=1e-6)
