"""Watching a run from the inside of ROS: who is up, what it does, until it is over."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.live import Live

from emotion_bot.up import live_view
from emotion_bot.up.observer import Observer
from emotion_bot.up.starting import StartOrder
from emotion_bot.up.supervisor import Supervisor
from emotion_bot.up.usage import Usage

_POLL_SECONDS = 0.1
_LINE_SECONDS = 5.0

_FIRST_FRAME_SECONDS = 15.0
"""Without a frame for so long after the start, the duration counts all the same."""


@contextmanager
def observing(namespace: str) -> Iterator[Observer]:
    """Yield an observer that is being spun; the context of ROS ends with it."""
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


def start_in_order(
    supervisor: Supervisor, observer: Observer, order: StartOrder, stop: threading.Event
) -> None:
    """Start all nodes, or as many as there is time for before the stop."""
    while not order.is_over and not stop.wait(_POLL_SECONDS):
        now = time.monotonic()
        supervisor.poll(now)
        names = order.next(observer.reporting, os.cpu_count() or 1, now)
        supervisor.start(now, names)


def watch(
    supervisor: Supervisor,
    observer: Observer,
    usage: Usage,
    stop: threading.Event,
    duration: float | None,
    console: Console,
    log: deque[str],
) -> float:
    """Show the run until its source ends, the duration is over or it is stopped.

    Args:
        supervisor: of the nodes.
        observer: of their topics.
        usage: collects what the processes use.
        stop: set by whoever wants the run to end.
        duration: s, counted from the first frame; None for no limit.
        console: where the live view is drawn; plain lines when it is no terminal.
        log: newest lines of the nodes' output.

    Returns:
        Seconds since the first frame.

    Raises:
        ProcessFailedError: if a node cannot work as it is configured.
    """
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
