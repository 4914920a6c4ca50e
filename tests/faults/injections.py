"""The faults: each begins, lasts a while, and ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

import psutil
import rclpy
from rclpy.serialization import serialize_message

from emotion_bot import qos, topics
from emotion_bot.shared_memory import FOLDER, ports_of

from .absurd import TYPES, many_faces, messages
from .robot import Robot, wait_for
from .witness import Witness

RECORDER = "recorder"
_MANY = 10**6


class Inject(Protocol):
    """Does a fault to the robot for as long as the context lasts."""

    def __call__(self, robot: Robot, witness: Witness, random: Random) -> AbstractContextManager:
        """Return the context."""


@dataclass(frozen=True)
class Fault:
    """A fault and what it may do.

    Attributes:
        name: for people.
        inject: see `Inject`.
        ends: names of the nodes that end by it. Until they are back, and have found each other,
            nothing needs to be recorded.
        seconds: how long it lasts.
        sets_clock: what is stamped meanwhile cannot be told from what is not.
    """

    name: str
    inject: Inject
    ends: frozenset[str] = field(default_factory=frozenset)
    seconds: float = 0.0
    sets_clock: bool = False


def kill(node: str) -> Fault:
    """Return the fault that ends a node at once."""

    @contextmanager
    def inject(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
        old = robot.nodes()[node]
        old.kill()
        with contextlib.suppress(psutil.Error):
            old.wait(10)
        yield

    return Fault(f"kill -9 {node}", inject, frozenset({node}))


def hang(node: str) -> Fault:
    """Return the fault that stops a node without ending it."""

    @contextmanager
    def inject(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
        process = robot.nodes()[node]
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    return Fault(f"{node} hangs", inject, seconds=2.0)


def cut_off(node: str) -> Fault:
    """Return the fault that removes the ports at which a node listens.

    Fast DDS does that by itself now and then to a node that was killed and is back.
    """

    @contextmanager
    def inject(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
        process = robot.nodes()[node]
        for port in ports_of(Path("/proc", str(process.pid))):
            (FOLDER / port).unlink()
        assert wait_for(lambda: not process.is_running(), 10.0) is not None, f"{node} goes on"
        yield

    return Fault(f"ports of {node} removed", inject, frozenset({node}))


@contextmanager
def _camera_gone(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    robot.camera.switch_off()
    try:
        yield
    finally:
        robot.camera.switch_on()


@contextmanager
def _unplug(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    robot.board.order("unplug")
    try:
        yield
    finally:
        robot.board.order("replug")


@contextmanager
def _noise(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    orders = ("flip 0.01", "drop 0.01", "duplicate 0.01")
    for order in orders:
        robot.board.order(order)
    robot.board.order(f"noise {random.randrange(100, 2000)}")
    try:
        yield
    finally:
        for order in orders:
            robot.board.order(f"{order.split()[0]} 0")


@contextmanager
def _board_reset(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    robot.board.order(random.choice(("reset", "hang")))
    yield


@contextmanager
def _peer_lost(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    peer = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.peer"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert peer.stdout is not None
        peer.stdout.readline()
        # A reliable reader that answers no more, and then is gone without a word.
        peer.send_signal(signal.SIGSTOP)
        yield
    finally:
        peer.kill()
        peer.wait()


@contextmanager
def _clock_jump(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    for shift in (random.choice((-3600, 3600)), 0):
        robot.clock.shift(shift)
        witness.clock_offset = shift
        if shift:
            yield


@contextmanager
def _disk_full(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    recorder = robot.nodes()[RECORDER]
    unlimited = recorder.rlimit(psutil.RLIMIT_FSIZE)
    # The system refuses to let its files grow, as on a full disk.
    size = max(file.stat().st_size for file in robot.bag.glob("*.mcap"))
    recorder.rlimit(psutil.RLIMIT_FSIZE, (size, unlimited[1]))
    try:
        yield
    finally:
        recorder.rlimit(psutil.RLIMIT_FSIZE, unlimited)


@contextmanager
def _no_processor(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(2 * (psutil.cpu_count() or 1)):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield


@contextmanager
def _absurd(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    node = rclpy.create_node("mischief")
    publishers = {t: node.create_publisher(TYPES[t], t, qos.OBSERVER) for t in TYPES}
    stop = threading.Event()

    def publish() -> None:
        while not stop.is_set():
            for topic, message in messages(random, 1):
                publishers[topic].publish(serialize_message(message))
                if stop.wait(0.005):
                    return

    thread = threading.Thread(target=publish, daemon=True)
    try:
        wait_for(lambda: publishers[topics.FACES].get_subscription_count() > 0, 5.0)
        thread.start()
        yield
    finally:
        stop.set()
        thread.join(10)
        node.destroy_node()


@contextmanager
def _many_faces(robot: Robot, witness: Witness, random: Random) -> Iterator[None]:
    node = rclpy.create_node("mischief")
    publisher = node.create_publisher(TYPES[topics.FACES], topics.FACES, qos.SET_POINT)
    try:
        wait_for(lambda: publisher.get_subscription_count() > 0, 5.0)
        publisher.publish(many_faces(_MANY))
        yield
    finally:
        node.destroy_node()


def all_faults(nodes: list[str], has_clock: bool) -> list[Fault]:
    """Return every fault for a robot of these nodes."""
    faults = [kill(node) for node in nodes]
    faults += [hang(node) for node in ("faces", "emotion", "microphone", "head")]
    faults += [cut_off(node) for node in ("faces", "gaze")]
    faults += [
        Fault("network camera gone", _camera_gone, seconds=3.0),
        Fault("board unplugged", _unplug, seconds=2.0),
        Fault("noise on the serial line", _noise, seconds=3.0),
        Fault("board starts anew or hangs", _board_reset),
        Fault("a DDS peer hangs and is lost", _peer_lost, seconds=3.0),
        Fault("disk full while recording", _disk_full, seconds=3.0),
        Fault("processors taken away", _no_processor, seconds=4.0),
        Fault("absurd messages on every topic", _absurd, seconds=3.0),
        Fault("a million faces in a message", _many_faces, seconds=2.0),
    ]
    if has_clock:
        # The kernel's timers do not follow the robot's clock: a thread of Fast DDS may wait an hour
        # for a third of a second, and its node notices and is started again.
        ends = frozenset(nodes)
        faults.append(
            Fault(
                "clock jumps by an hour and back", _clock_jump, ends, seconds=3.0, sets_clock=True
            )
        )
    return faults
