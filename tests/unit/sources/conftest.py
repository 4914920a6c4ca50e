"""Small videos made by the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from source_doubles import FakeTime, numbered_frame

VideoMaker = Callable[..., Path]


@pytest.fixture(scope="session")
def make_video(tmp_path_factory: pytest.TempPathFactory) -> VideoMaker:
    folder = tmp_path_factory.mktemp("videos")

    def make(
        name: str, frames: int = 40, fps: float = 20.0, size: tuple[int, int] = (96, 64)
    ) -> Path:
        path = folder / name
        codec = "MJPG" if path.suffix == ".avi" else "mp4v"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, size)
        assert writer.isOpened()
        for number in range(frames):
            writer.write(numbered_frame(number, *size))
        writer.release()
        return path

    return make


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()
