"""The recorder that a viewer starts from the page, as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
from pathlib import Path

from emotion_bot.dashboard.calls import ServiceError
from emotion_bot.dashboard.names import RECORDER
from emotion_bot.graph import NodeSpec
from emotion_bot.up.processes import config_directory, node_process

_STOP_SECONDS = 10.0
"""A bag is finished when its recorder ends; large ones take a moment."""
_KEPT_OUTPUT = 500


class RecordingProcess:
    """Starts and stops one recorder at a time.

    Args:
        folder: in which each recording gets a folder of its own.
        namespace: of the robot's topics; empty for none.
    """

    def __init__(self, folder: Path, namespace: str) -> None:
        self._folder = folder
        self._namespace = namespace.strip("/")
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._output = ""

    @property
    def is_running(self) -> bool:
        """Whether the recorder started here runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self, now: datetime.datetime) -> Path:
        """Start recording, after everybody in view has agreed; return the folder.

        Raises:
            ServiceError: if a recording started here runs already, or none can be started.
        """
        if self.is_running:
            raise ServiceError("a recording runs already")
        bag = self._folder / now.strftime("%Y-%m-%d %H-%M-%S")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"cannot record to {self._folder}: {error.strerror}") from error
        spec = NodeSpec(
            RECORDER,
            f"{RECORDER}_node",
            f"emotion_bot.nodes.{RECORDER}",
            {"directory": str(bag), "consent": True},
        )
        process = node_process(spec, self._namespace, config_directory(), os.environ)
        self._process = await asyncio.create_subprocess_exec(
            *process.command,
            env=dict(process.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        return bag

    async def failure(self) -> str:
        """Return the last words of a recorder that has ended by itself; empty while it runs."""
        if self.is_running or self._reader is None:
            return ""
        await self._reader
        lines = [line for line in self._output.splitlines() if line.strip()]
        return lines[-1].removeprefix("error: ") if lines else "the recorder has ended"

    async def stop(self) -> None:
        """End the recording; nothing happens when none runs."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        if self._reader is not None:
            await self._reader
        self._process = None
        self._reader = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101
        self._output = ""
        async for line in process.stdout:
            self._output = (self._output + line.decode("utf-8", "replace"))[-_KEPT_OUTPUT:]
