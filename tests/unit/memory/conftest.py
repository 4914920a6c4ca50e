"""A fresh mood memory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mood_rows import START

from emotion_core.memory.store import MoodStore


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    """Path of a database that does not exist yet, in a folder that does not exist either."""
    return tmp_path / "mood" / "mood.sqlite3"


@pytest.fixture
def store(database_path: Path) -> Iterator[MoodStore]:
    """An empty store."""
    opened = MoodStore(database_path, create=True, now=START)
    yield opened
    opened.close()
