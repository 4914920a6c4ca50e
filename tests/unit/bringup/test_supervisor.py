import os
import signal
import sys
import threading

import psutil
import pytest

from emotion_bot.up.supervisor import ProcessFailedError, ProcessSpec, Supervisor

pytestmark = pytest.mark.unit

FATAL = 78


class Lines:
    """Collects output and lets a test wait for a line instead of sleeping."""

    def __init__(self):
        self.lines = []
        self.condition = threading.Condition()

    def __call__(self, name, line):
        with self.condition:
            self.lines.append((name, line))
            self.condition.notify_all()

    def wait_for(self, text, count=1):
        def seen():
            return sum(text in line for _, line in self.lines) >= count

        with self.condition:
            assert self.condition.wait_for(seen, timeout=20), self.lines


def python(name, code):
    return ProcessSpec(name, [sys.executable, "-u", "-c", code], dict(os.environ))


@pytest.fixture
def supervise():
    running = []

    def start(*specs, respawn_delay=0.5):
        lines = Lines()
        supervisor = Supervisor(specs, respawn_delay, FATAL, lines)
        running.append(supervisor)
        supervisor.start(0.0)
        return supervisor, lines

    yield start
    for supervisor in running:
        supervisor.stop()


FOREVER = "print('ready'); import time\nwhile True: time.sleep(1)"


def test_a_killed_process_is_restarted_and_the_others_go_on(supervise):
    supervisor, lines = supervise(python("a", FOREVER), python("b", FOREVER))
    lines.wait_for("ready", 2)
    survivor = supervisor.process_ids["b"]
    os.kill(supervisor.process_ids["a"], signal.SIGKILL)
    while "a" in supervisor.process_ids:
        pass
    supervisor.poll(100.0)
    assert supervisor.restarts == {}
    supervisor.poll(100.4)
    assert "a" not in supervisor.process_ids
    supervisor.poll(100.5)
    lines.wait_for("ready", 3)
    assert supervisor.restarts == {"a": 1}
    assert supervisor.process_ids["b"] == survivor
    assert any("signal 9" in line for _, line in lines.lines)


def test_a_process_that_keeps_dying_is_restarted_ever_more_slowly(supervise):
    supervisor, lines = supervise(python("a", "print('born')"), respawn_delay=0.5)
    delays = []
    now = 0.0
    for birth in range(1, 5):
        lines.wait_for("born", birth)
        while "a" in supervisor.process_ids:
            pass
        supervisor.poll(now)
        waited = 0.0
        while supervisor.restarts.get("a", 0) < birth:
            waited += 0.25
            supervisor.poll(now + waited)
        delays.append(waited)
        now += waited
    assert delays == [0.5, 1.0, 2.0, 2.0]


def test_a_configuration_error_is_not_answered_by_a_restart(supervise):
    supervisor, lines = supervise(
        python("camera", f"print('error: no such file x.mp4'); raise SystemExit({FATAL})")
    )
    lines.wait_for("no such file")
    while "camera" in supervisor.process_ids:
        pass
    with pytest.raises(ProcessFailedError, match=r"camera: no such file x\.mp4"):
        supervisor.poll(1.0)


def test_stop_leaves_no_process_even_when_one_ignores_signals(supervise):
    stubborn = (
        "import signal\n"
        "for n in (signal.SIGINT, signal.SIGTERM): signal.signal(n, signal.SIG_IGN)\n" + FOREVER
    )
    supervisor, lines = supervise(python("polite", FOREVER), python("stubborn", stubborn))
    lines.wait_for("ready", 2)
    processes = [psutil.Process(pid) for pid in supervisor.process_ids.values()]
    supervisor.stop()
    assert not any(process.is_running() for process in processes)
    assert supervisor.process_ids == {}
