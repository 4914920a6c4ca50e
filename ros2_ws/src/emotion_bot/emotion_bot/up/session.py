"""One run of the robot: processes, observer and view together, from start to report."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from emotion_bot.graph import (
    RESPAWN_DELAY_SECONDS,
    BringUpOptions,
    build_graph,
)
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION
from emotion_bot.up.microphone_choice import choose_microphone
from emotion_bot.up.processes import config_directory, node_process, use_default_environment
from emotion_bot.up.starting import StartOrder
from emotion_bot.up.supervisor import Supervisor
from emotion_bot.up.usage import Usage

_DRAIN_SECONDS = 1.2
"""After the end: time for messages under way and for one more report of each counter."""


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
    use_default_environment(options.host)
    log: deque[str] = deque(maxlen=200)

    def note(name: str, line: str) -> None:
        log.append(f"{name}: {line}")
        if not console.is_terminal:
            print(f"[{name}] {line}", file=sys.stderr)  # noqa: T201

    graph = build_graph(choose_microphone(options))
    supervisor = Supervisor(
        [node_process(spec, options.namespace, config, os.environ) for spec in graph],
        respawn_delay=RESPAWN_DELAY_SECONDS,
        fatal_status=EXIT_BAD_CONFIGURATION,
        on_output=note,
    )
    stop = threading.Event()
    with _signals(stop.set):
        try:
            begun = time.monotonic()
            order = StartOrder(graph, begun)
            # They load what they need while this process keeps a processor busy with the same.
            supervisor.start(begun, order.next([], (os.cpu_count() or 1) - 1, begun))
            from emotion_bot.up.watching import observing, start_in_order, watch

            with observing(options.namespace) as observer:
                usage = Usage()
                start_in_order(supervisor, observer, order, stop)
                ran = watch(supervisor, observer, usage, stop, duration, console, log)
                # Signals stop at once; a finished run waits for what is still under way.
                if not stop.is_set():
                    time.sleep(_DRAIN_SECONDS)
                report = observer.report(ran)
        finally:
            supervisor.stop()
    return {**report, **usage.report(), "restarts": supervisor.restarts}


@contextmanager
def _signals(handler: Callable[[], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: handler()) for number in numbers}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
