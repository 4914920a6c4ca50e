"""Two machines made of Linux namespaces, with a link that may lose and delay packets or be cut.

A machine has a network, processes, shared memory and a host name of its own, and ends with
everything that runs on it when this program closes it or dies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

ROBOT_ADDRESS, WORKSTATION_ADDRESS = "10.213.7.1", "10.213.7.2"
INTERFACE = "link0"
RELAY = Path(__file__).with_name("link_relay.py")
WITNESS = Path(__file__).with_name("link_witness.py")

_TOOLS = ("unshare", "nsenter", "ip", "tc", "mount")
_NAMESPACES = ("--net", "--mount", "--pid", "--ipc", "--uts")
_WHOLE_PREFIX_LENGTH = 24
_STOP_SECONDS = 15.0

# Shared memory of its own: otherwise nodes of "two machines" would meet in /dev/shm.
_BOOT = """
mount -t tmpfs -o size=1g shm /dev/shm && hostname "$0" && ip link set lo up || exit 1
echo ready
exec cat
"""


Event = dict[str, Any]
"""A line of JSON; see `link_witness` for its keys."""


class RigError(RuntimeError):
    """The machines could not be made; the message says why."""


def missing() -> str:
    """Return why machines cannot be made here; empty when they can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces need Linux"
    if absent := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        return f"not installed: {', '.join(absent)}"
    try:
        Machine("probe").close()
    except RigError as error:
        return str(error)
    return ""


class Running:
    """A program on a machine, and the lines that it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._events: list[Event] = []
        self._condition = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """What it has printed so far."""
        with self._condition:
            return list(self._lines)

    @property
    def events(self) -> list[Event]:
        """What it has printed as JSON so far."""
        with self._condition:
            return list(self._events)

    def wait_for(
        self, predicate: Callable[[list[Event]], object], what: str, seconds: float
    ) -> None:
        """Wait until the predicate holds for the JSON printed so far.

        Raises:
            AssertionError: if it does not in time; with the last lines.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: predicate(self._events), seconds):
                last = "\n".join(self._lines[-30:])
                raise AssertionError(f"{what} did not come within {seconds:g} s:\n{last}")

    def wait(self, seconds: float) -> int:
        """Wait for its end and return the exit status."""
        status = self._process.wait(seconds)
        self._reader.join(_STOP_SECONDS)
        return status

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C does."""
        # The process is nsenter, which passes no signals on.
        for child in psutil.Process(self._process.pid).children():
            child.terminate()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._condition:
                self._lines.append(line.rstrip())
                if line.startswith("{"):
                    self._events.append(json.loads(line))
                self._condition.notify_all()


class Machine:
    """A machine without a link yet.

    Raises:
        RigError: if this computer does not permit it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._init = subprocess.Popen(
            [
                *("unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc"),
                *("sh", "-c", _BOOT, name),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._init.stdout is not None
        assert self._init.stderr is not None
        if self._init.stdout.readline().strip() != "ready":
            self._init.kill()
            reason = self._init.stderr.read().strip() or "no reason given"
            raise RigError(f"this computer permits no namespaces: {reason}")
        self.process_id: int = psutil.Process(self._init.pid).children()[0].pid

    def entering(self, *command: str | os.PathLike[str]) -> list[str]:
        """Return the command line that runs a command on this machine."""
        target = ["nsenter", "--target", str(self.process_id), *_NAMESPACES, "--"]
        return [*target, *map(os.fspath, command)]

    def network(self, *command: str) -> None:
        """Run a command that sees this machine's network, but all processes.

        Raises:
            RigError: if it fails, with its output.
        """
        line = ["nsenter", "--target", str(self.process_id), "--net", "--", *command]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RigError(f"{' '.join(command)}: {done.stderr.strip()}")

    def start(
        self, *command: str | os.PathLike[str], environment: Mapping[str, str] | None = None
    ) -> Running:
        """Start a program; it ends with the machine at the latest."""
        process = subprocess.Popen(
            self.entering(*command),
            env=dict(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        return Running(process)

    def close(self) -> None:
        """Switch the machine off; safe to call twice."""
        if self._init.stdin is not None and not self._init.stdin.closed:
            self._init.stdin.close()
        try:
            self._init.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._init.kill()
            self._init.wait()


class TwoMachines:
    """A robot and a workstation with a link between them; a context manager.

    Args:
        loss: share of packets that each direction loses, 0 to 1.
        delay: of each direction, s.

    Attributes:
        robot: has 10.213.7.1.
        workstation: has 10.213.7.2.
        emulation: what loses and delays: none, netem, or relay where the kernel has no netem.

    Raises:
        RigError: if this computer does not permit it.
    """

    def __init__(self, loss: float = 0.0, delay: float = 0.0) -> None:
        self._relay: subprocess.Popen[str] | None = None
        self.robot = Machine("robot")
        try:
            self.workstation = Machine("workstation")
        except RigError:
            self.robot.close()
            raise
        try:
            self.emulation = self._link(loss, delay)
            self._address(self.robot, ROBOT_ADDRESS)
            self._address(self.workstation, WORKSTATION_ADDRESS)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> TwoMachines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def cut(self) -> float:
        """Cut the link; return when, s."""
        now = time.time()
        self.robot.network("ip", "link", "set", INTERFACE, "down")
        return now

    def mend(self) -> float:
        """Bring the link back; return when, s."""
        now = time.time()
        self.robot.network("ip", "link", "set", INTERFACE, "up")
        return now

    def close(self) -> None:
        """Remove everything."""
        self.robot.close()
        self.workstation.close()
        if self._relay is not None:
            assert self._relay.stdin is not None
            self._relay.stdin.close()
            self._relay.wait(_STOP_SECONDS)

    def _link(self, loss: float, delay: float) -> str:
        if not loss and not delay:
            self._wire()
            return "none"
        try:
            self.robot.network("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
        except RigError:
            self._relayed(loss, delay)
            return "relay"
        self.robot.network("tc", "qdisc", "del", "dev", "lo", "root")
        self._wire()
        for machine in (self.robot, self.workstation):
            machine.network(
                "tc", "qdisc", "add", "dev", INTERFACE, "root", "netem", "limit", "10000",
                "delay", f"{delay * 1000:g}ms", "loss", f"{loss * 100:g}%",
            )  # fmt: skip
        return "netem"

    def _wire(self) -> None:
        self.robot.network(
            "ip", "link", "add", INTERFACE, "type", "veth",
            "peer", "name", INTERFACE, "netns", str(self.workstation.process_id),
        )  # fmt: skip

    def _relayed(self, loss: float, delay: float) -> None:
        """Let a program carry the packets from one machine to the other."""
        line = ["nsenter", "--target", str(self.robot.process_id), "--net", "--"]
        ends = (INTERFACE, f"{INTERFACE}b")
        self._relay = subprocess.Popen(
            [*line, sys.executable, str(RELAY), *ends, str(loss), str(delay)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._relay.stdout is not None
        if self._relay.stdout.readline().strip() != "ready":
            raise RigError("the relay between the machines does not start")
        self.robot.network(
            "ip", "link", "set", ends[1], "netns", str(self.workstation.process_id),
            "name", INTERFACE,
        )  # fmt: skip

    @staticmethod
    def _address(machine: Machine, address: str) -> None:
        subnet = f"{address}/{_WHOLE_PREFIX_LENGTH}"
        machine.network("ip", "address", "add", subnet, "dev", INTERFACE)
        machine.network("ip", "link", "set", INTERFACE, "up")


def robot_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return an environment in which a bring-up leaves nothing behind outside a folder."""
    # A machine has a network of its own, so that no other domain is needed.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROS_")}
    return {**inherited, "XDG_DATA_HOME": str(folder / "data"), **variables}


def up(host: str, *arguments: str | os.PathLike[str]) -> Sequence[str | os.PathLike[str]]:
    """Return the command line of one side of a bring-up."""
    command = Path(sys.executable).with_name("emotion-bot")
    return [command, "up", "--host", host, *arguments]
