"""Running a set of processes: starting, restarting and stopping them.

Time comes in from outside and nothing here sleeps except while stopping, so that the policy can be
tested with processes that die at once.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

OutputHandler = Callable[[str, str], None]
"""Called with the process's name and one line of its output, from a reader thread."""

_STABLE_SECONDS = 10.0
_LONGEST_DELAY_SECONDS = 2.0
# Not SIGINT: a node that is still importing would answer it with a traceback.
_STOP_STAGES = ((signal.SIGTERM, 3.5), (signal.SIGKILL, 1.0))
_KEPT_LINES = 50


@dataclass(frozen=True)
class ProcessSpec:
    """A process to keep alive.

    Attributes:
        name: for people.
        command: program and arguments.
        environment: the complete environment.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass
class _Child:
    spec: ProcessSpec
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    restart_at: float | None = None
    delay: float = 0.0
    restarts: int = 0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


class ProcessFailedError(RuntimeError):
    """A process ended in a way that starting it again cannot mend."""


class Supervisor:
    """Keeps processes alive until it is stopped.

    Args:
        specs: what to run.
        respawn_delay: seconds before the first restart; doubled for a process that keeps dying.
        fatal_status: exit status that must not be answered by a restart.
        on_output: takes every line that a process prints.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        respawn_delay: float,
        fatal_status: int,
        on_output: OutputHandler = lambda _name, _line: None,
    ) -> None:
        self._children = [_Child(spec) for spec in specs]
        self._respawn_delay = respawn_delay
        self._fatal_status = fatal_status
        self._on_output = on_output

    @property
    def restarts(self) -> dict[str, int]:
        """Number of restarts of each process that was ever restarted."""
        return {child.spec.name: child.restarts for child in self._children if child.restarts}

    @property
    def process_ids(self) -> dict[str, int]:
        """Process ids of what runs now, by name."""
        return {
            child.spec.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def start(self, now: float, names: Collection[str] | None = None) -> None:
        """Start the named processes, or every one."""
        for child in self._children:
            if names is None or child.spec.name in names:
                self._spawn(child, now)

    def poll(self, now: float) -> None:
        """Notice deaths and restart what is due.

        Raises:
            ProcessFailedError: if a process ended with the fatal status; with its last words.
        """
        for child in self._children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    child.restarts += 1
                    self._spawn(child, now)
            elif child.process is not None and child.process.poll() is not None:
                self._on_death(child, now)

    def stop(self) -> None:
        """End every process, asking first and killing last; returns when none is left."""
        for child in self._children:
            child.restart_at = None
        for number, patience in _STOP_STAGES:
            running = [c.process for c in self._children if c.process and c.process.poll() is None]
            for process in running:
                process.send_signal(number)
            deadline = time.monotonic() + patience
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
        for child in self._children:
            child.process = None

    def _spawn(self, child: _Child, now: float) -> None:
        child.process = subprocess.Popen(
            child.spec.command,
            env=dict(child.spec.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A Ctrl-C of the terminal must reach the supervisor alone: it stops the nodes in order.
            start_new_session=True,
        )
        child.started_at = now
        child.restart_at = None
        threading.Thread(
            target=self._read, args=(child, child.process), name=child.spec.name, daemon=True
        ).start()

    def _read(self, child: _Child, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            child.lines.append(line.rstrip())
            self._on_output(child.spec.name, line.rstrip())

    def _on_death(self, child: _Child, now: float) -> None:
        assert child.process is not None  # noqa: S101
        status = child.process.returncode
        if status == self._fatal_status:
            words = child.lines[-1] if child.lines else f"exit status {status}"
            raise ProcessFailedError(f"{child.spec.name}: {words.removeprefix('error: ')}")
        reason = f"signal {-status}" if status < 0 else f"exit status {status}"
        lived_long = now - child.started_at >= _STABLE_SECONDS
        child.delay = (
            self._respawn_delay
            if lived_long or child.delay == 0
            else min(2 * child.delay, _LONGEST_DELAY_SECONDS)
        )
        child.restart_at = now + child.delay
        self._on_output(child.spec.name, f"ended by {reason}; starts again in {child.delay:.1f} s")
