"""Bags from the built-in scene, and programs as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("emotion-bot"))
TIMEOUT_SECONDS = 120


@pytest.fixture
def environment() -> dict[str, str]:
    """An environment with a DDS domain of its own."""
    return {**os.environ, "ROS_DOMAIN_ID": str(101 + os.getpid() % 100), "COLUMNS": "200"}


@pytest.fixture
def emotion_bot(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess]:
    """Run the program to its end."""

    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start the program; it is killed after the test."""
    processes: list[subprocess.Popen] = []

    def launch(*arguments: object) -> subprocess.Popen:
        process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        return process

    yield launch
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture(scope="session")
def step_bag(scene_bag: Callable[..., Path]) -> Path:
    """A person who jumps 25° to the left after one second."""
    return scene_bag("step:25,time=1", 2.5)
