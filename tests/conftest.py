"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder with the corpora and clips, from EMOTION_BOT_DATA; skips without it."""
    value = os.environ.get("EMOTION_BOT_DATA")
    if not value:
        pytest.skip("EMOTION_BOT_DATA is not set: this test needs real recordings")
    root = Path(value)
    if not root.is_dir():
        pytest.skip(f"EMOTION_BOT_DATA={root} is no folder")
    return root


@pytest.fixture(scope="session")
def clip(data_root: Path) -> Path:
    """A real video: one woman, sad to about 6 s, happy from about 10 s, with speech."""
    return data_root / "clips" / "sad_to_happy_speech.mp4"
