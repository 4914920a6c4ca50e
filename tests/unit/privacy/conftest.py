from __future__ import annotations

import pytest


class MovedClock:
    """A clock that goes when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()
