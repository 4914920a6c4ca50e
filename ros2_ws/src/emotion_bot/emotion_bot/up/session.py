"""One run of the robot: processes, observer and view together, from start to report."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.live import Live

from emotion_bot import runner
from emotion_bot.graph import (
    RESPAWN_DELAY_SECONDS,
    BringUpOptions,
    NodeSpec,
    build_graph,
    default_environment,
)
from emotion_bot.up import live_view
from emotion_bot.up.microphone_choice import choose_microphone
from emotion_bot.up.observer import Observer
from emotion_bot.up.processes import config_directory, node_process
from emotion_bot.up.supervisor import Supervisor
from emotion_bot.up.usage import Usage

_POLL_SECONDS = 0.1
_LINE_SECONDS = 5.0
_DRAIN_SECONDS = 1.2
"""After the end: time for messages under way and for one more report of each counter."""

_READY_SECONDS = 20.0
"""The source starts at the latest after this long, whether the other nodes are up or not."""

_FIRST_FRAME_SECONDS = 15.0
"""Without a frame for so long after the start, the duration counts all the same."""


def run_session(
    options: BringUpOptions, duration: float | None, console: Console
) -> dict[str, object]:
    """Run the robot until the time is over, the source ends or a signal asks to stop.

    Args:
        options: what to start.
        duration: seconds counted from the first frame; None for no limit.
        console: where the live view is drawn; plain lines when it is no terminal.

    Returns:
        The report as JSON-ready values.

    Raises:
        ProcessFailedError: if a node cannot work as it is configured.
    """
    config = config_directory()
    for name, value in default_environment(str(config)).items():
        os.environ.setdefault(name, value)
    log: deque[str] = deque(maxlen=200)

    def note(name: str, line: str) -> None:
        log.append(f"{name}: {line}")
        if not console.is_terminal:
            print(f"[{name}] {line}", file=sys.stderr)  # noqa: T201

    graph = build_graph(choose_microphone(options))
    supervisor = Supervisor(
        [node_process(spec, options.namespace, config, os.environ) for spec in graph],
        respawn_delay=RESPAWN_DELAY_SECONDS,
        fatal_status=runner.EXIT_BAD_CONFIGURATION,
        on_output=note,
    )
    stop = threading.Event()
    with _signals(stop.set), _observer(options.namespace) as observer:
        usage = Usage()
        supervisor.start(time.monotonic(), [spec.name for spec in graph if not spec.is_source])
        try:
            _wait_for_readers(supervisor, observer, graph, stop)
            supervisor.start(time.monotonic(), [spec.name for spec in graph if spec.is_source])
            ran = _loop(supervisor, observer, usage, stop, duration, console, log)
            # Signals stop at once; a finished run waits for what is still under way.
            if not stop.is_set():
                time.sleep(_DRAIN_SECONDS)
            report = observer.report(ran)
        finally:
            supervisor.stop()
    return {**report, **usage.report(), "restarts": supervisor.restarts}


def _wait_for_readers(
    supervisor: Supervisor, observer: Observer, graph: Sequence[NodeSpec], stop: threading.Event
) -> None:
    """Wait until the nodes that read the source are up; not for ever, they may have been broken."""
    wanted = {spec.name for spec in graph if not spec.is_source}
    deadline = time.monotonic() + _READY_SECONDS
    while not wanted <= set(observer.get_node_names()) and time.monotonic() < deadline:
        if stop.wait(_POLL_SECONDS):
            return
        supervisor.poll(time.monotonic())


def _loop(
    supervisor: Supervisor,
    observer: Observer,
    usage: Usage,
    stop: threading.Event,
    duration: float | None,
    console: Console,
    log: deque[str],
) -> float:
    begun = time.monotonic()
    started: float | None = None
    next_line = 0.0
    elapsed = 0.0
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        while not stop.wait(_POLL_SECONDS):
            now = time.monotonic()
            supervisor.poll(now)
            if started is not None:
                usage.sample({"observer": os.getpid(), **supervisor.process_ids}, now)
            snapshot = observer.snapshot()
            if started is None and (
                observer.statistics.frames_captured > 0 or now - begun > _FIRST_FRAME_SECONDS
            ):
                started = now
            elapsed = now - started if started is not None else 0.0
            if console.is_terminal:
                live.update(live_view.render(snapshot, elapsed, supervisor.restarts, log))
            elif elapsed >= next_line:
                next_line = elapsed + _LINE_SECONDS
                console.print(live_view.line(snapshot, elapsed), highlight=False, soft_wrap=True)
            if snapshot.source_ended or (duration is not None and elapsed >= duration):
                break
    return elapsed


@contextmanager
def _observer(namespace: str) -> Iterator[Observer]:
    rclpy.init(args=None, signal_handler_options=SignalHandlerOptions.NO)
    node = Observer(namespace)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, name="observer", daemon=True)
    spinner.start()
    try:
        yield node
    finally:
        executor.shutdown()
        spinner.join()
        node.destroy_node()
        rclpy.try_shutdown()


@contextmanager
def _signals(handler: Callable[[], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: handler()) for number in numbers}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
