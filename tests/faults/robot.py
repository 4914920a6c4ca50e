"""The robot as a user starts it, with all that it is connected to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import psutil

from emotion_bot.up.processes import running_nodes

from .clock import Clock
from .outside import Board, NetworkCamera

COMMAND = Path(sys.executable).with_name("emotion-bot")
_STOP_SECONDS = 20.0
_RATE = 16_000


class Robot:
    """`emotion-bot up` with network camera, sound, simulated board, recorder and page.

    Args:
        folder: for its data, its bag and its output.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bag = folder / "bag"
        self.clock = Clock(folder)
        self.camera = NetworkCamera()
        self.board = Board(folder)
        sound = folder / "sound.wav"
        _write_sound(sound)
        self._output = (folder / "output.txt").open("w")
        variables = {
            **os.environ,
            **self.clock.environment(),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        self.process = subprocess.Popen(
            [
                *(COMMAND, "up", "--source", f"stream:{self.camera.url}", "--mic", f"wav:{sound}"),
                *("--head", f"serial:{self.board.port}", "--record", self.bag, "--consent"),
                *("--report", folder / "report.json"),
            ],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output.txt").read_text(errors="replace")

    def nodes(self) -> dict[str, psutil.Process]:
        """Return the running node processes by node name."""
        return running_nodes(self.process.pid) if self.process.poll() is None else {}

    def close(self) -> list[psutil.Process]:
        """Stop the robot; return the processes of its that are still there."""
        family = []
        if self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        left = [process for process in family if _is_alive(process)]
        for process in left:
            process.kill()
        self._output.close()
        self.board.close()
        self.camera.switch_off()
        return left


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _write_sound(path: Path) -> None:
    # A hum that comes and goes: the microphone has something to deliver for hours.
    time_s = np.arange(60 * _RATE) / _RATE
    hum = 0.2 * np.sin(2 * np.pi * 180 * time_s) * (np.sin(2 * np.pi * 0.5 * time_s) > 0)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", ""))
        file.writeframes((hum * 32767).astype("<i2").tobytes())


def wait_for(condition, seconds: float, tick: float = 0.05) -> float | None:
    """Return after how many seconds a condition came true, or None if it did not in time."""
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < seconds:
        if condition():
            return elapsed
        time.sleep(tick)
    return None
