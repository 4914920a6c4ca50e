"""Starting the installed programs as a user does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from page_tools import ADDRESS, ARGUMENTS, CHROMIUM, TIMEOUT_MS, alone, end

from emotion_bot.up.processes import running_nodes

COMMAND = str(Path(sys.executable).with_name("emotion-bot"))
TIMEOUT_SECONDS = 120.0


class Program:
    """A running `emotion-bot` whose output a test can wait on."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines: list[str] = []
        self._condition = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        with self._condition:
            return "\n".join(self.lines)

    def nodes(self) -> dict[str, psutil.Process]:
        """Return the node processes by node name."""
        return running_nodes(self.process.pid)

    def wait_for(self, predicate: Callable[[list[str]], object], what: str) -> None:
        """Wait until the predicate holds for the lines printed so far."""
        with self._condition:
            if not self._condition.wait_for(lambda: predicate(self.lines), TIMEOUT_SECONDS):
                raise AssertionError(f"{what} did not come; the output was:\n{self.output}")

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        status = self.process.wait(TIMEOUT_SECONDS)
        self._reader.join(10)
        return status

    def kill(self) -> None:
        """End the program and whatever it has left."""
        family = []
        if self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for process in family:
            if process.is_running():
                process.kill()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._condition:
                self.lines.append(line.rstrip())
                self._condition.notify_all()


@pytest.fixture
def command() -> str:
    """The installed program."""
    return COMMAND


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment for programs: a DDS domain and a data folder of its own."""
    values = dict(os.environ)
    values["XDG_DATA_HOME"] = str(tmp_path / "data")
    values["ROS_DOMAIN_ID"] = str(101 + os.getpid() % 100)
    return values


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Program]]:
    """Start `emotion-bot` with arguments; it is ended after the test."""
    programs = []

    def launch(*arguments: str) -> Program:
        program = Program([str(argument) for argument in arguments], environment)
        programs.append(program)
        return program

    yield launch
    for program in programs:
        program.kill()


@pytest.fixture
def run_report(start: Callable[..., Program], tmp_path: Path) -> Callable[..., dict]:
    """Run `emotion-bot up` to its end and return its report."""

    def run(*arguments: str) -> dict:
        path = tmp_path / "report.json"
        program = start("up", *arguments, "--report", path)
        assert program.wait() == 0, program.output
        return json.loads(path.read_text())

    return run


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's package chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that must load nothing from elsewhere and raise no error."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, color_scheme="light")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    outside: list[str] = []
    errors: list[str] = []
    local = ("http://127.0.0.1:", "http://localhost:", "data:", "blob:")
    context.on("request", lambda r: None if r.url.startswith(local) else outside.append(r.url))
    page.on("websocket", lambda w: None if "//127.0.0.1:" in w.url else outside.append(w.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert outside == []
    assert errors == []


@pytest.fixture
def robot(start) -> Callable[..., tuple]:
    """Start `emotion-bot up`; return the program and the address of its page."""

    def launch(*arguments: object):
        program = start("up", *arguments)
        program.wait_for(lambda lines: any(ADDRESS.search(line) for line in lines), "the address")
        return program, ADDRESS.search(program.output)[1]

    return launch


@pytest.fixture
def lone_page(environment) -> Iterator[Callable[..., str]]:
    """Start the live page without a robot and return its address."""
    processes = []

    def launch(**parameters: object) -> str:
        address, process = alone(environment, **parameters)
        processes.append(process)
        return address

    yield launch
    for process in processes:
        end(process)
