"""Builds firmware and simulator once for the tests that run them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emotion_core.head.firmware_build import FirmwareBuild, build_firmware, missing_for_build

from . import lockstep


@pytest.fixture(scope="session")
def firmware() -> FirmwareBuild:
    """The compiled sketch and the simulator; skips where the tools are not installed."""
    if missing := missing_for_build(simulator=True):
        pytest.skip(f"the simulated board needs the packages {' '.join(missing)}")
    return build_firmware(simulator=True)


@pytest.fixture
def board(firmware: FirmwareBuild) -> Iterator[lockstep.Board]:
    """A simulated board that has started."""
    with lockstep.Board(firmware.elf) as board:
        board.run(0.05)
        yield board
