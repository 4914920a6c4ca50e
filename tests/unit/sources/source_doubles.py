"""Pictures that tell their number, and a clock that only moves when somebody waits."""

from __future__ import annotations

import numpy as np

from emotion_core.vision.grabber import NewestFrameGrabber

# How many pictures can be told apart after a lossy codec.
NUMBERS = 24


def numbered_frame(number: int, width: int, height: int) -> np.ndarray:
    """A picture whose brightness tells its number, with noise so that a file has some size."""
    random = np.random.default_rng(number)
    image = np.full((height, width, 3), 20 + 9 * (number % NUMBERS), np.uint8)
    image[:, : width // 2] = random.integers(0, 255, (height, width // 2, 3))
    return image


def number_of(image: np.ndarray) -> int:
    """The number of a picture made by ``numbered_frame``, modulo ``NUMBERS``."""
    # Codecs darken the pictures a little.
    return round((float(image[:, -image.shape[1] // 4 :].mean()) - 18) / 9)


class FakeTime:
    """A clock that stands still except while somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.now += seconds


PICTURE = np.zeros((4, 4, 3), np.uint8)


def taken(grabber: NewestFrameGrabber) -> list[float]:
    times = []
    while (frame := grabber.take(timeout=0)) is not None:
        times.append(frame.time)
    return times
