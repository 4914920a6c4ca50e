"""Figures of the compiled firmware in lockstep; tests gate on them, the bench prints them.

Times are those of the simulated line and pins. A command begins with the first bit of the delimiter
before its frame, an acknowledgement ends with its last stop bit.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path

from emotion_core.head.axis import SERVO_FRAME
from emotion_core.head.limits import ANGLE_UNIT, AxisLimits, HeadLimits
from emotion_core.head.link import HeadLink
from emotion_core.head.link_report import Phase
from emotion_core.head.protocol.framing import DELIMITER, encode
from emotion_core.head.protocol.messages import Ack, FrameType, Status
from emotion_core.head.protocol.payloads import hello_payload, parse, target_payload

from . import lockstep
from .lockstep import Board, Pulse

BLACK = (0.0, 0.0, 0.0)
SCALE_US_PER_RAD = 637
HOST_STEP = 0.001
"""The host of a simulated session looks at its line this often, s."""


def expected_pulse_us(angle: float) -> float:
    """Pulse of a factory-new board at an angle that the wire can say."""
    return 1500 + SCALE_US_PER_RAD * round(angle / ANGLE_UNIT) * ANGLE_UNIT


def pulse_angle(pulse: Pulse) -> float:
    return (pulse.width_us - 1500) / SCALE_US_PER_RAD


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Session:
    """A host at work: the real link, stepped with the simulated board."""

    def __init__(self, board: Board, limits: HeadLimits | None = None) -> None:
        self.board = board
        self.link = HeadLink(limits)
        self.link.opened(board.time)
        self.pulses: list[Pulse] = []
        self.silent = False
        """A silent host reads, but writes nothing."""
        self.last_byte = 0.0
        """When the newest byte to the board had left the line."""

    def run_until(self, time: float) -> None:
        while self.board.time < time - 1e-9:
            self.exchange()
            self.board.run_until(min(time, self.board.time + HOST_STEP))
        self.exchange()

    def run(self, duration: float) -> None:
        self.run_until(self.board.time + duration)

    def exchange(self) -> None:
        now = self.board.time
        self.link.receive(self.board.read_bytes(), now)
        data = self.link.outgoing(now)
        if data and not self.silent:
            self.board.write(data)
            self.last_byte = self.board.line_free
        self.pulses += self.board.pulses()

    def command(self, pan: float, tilt: float = 0.0) -> None:
        now = self.board.time
        self.link.command(pan, tilt, BLACK, round(now * 1e9), now)
        self.exchange()

    def connect(self, timeout: float = 1.0) -> None:
        end = self.board.time + timeout
        while self.link.phase is not Phase.LINKED and self.board.time < end:
            self.run(HOST_STEP)
        if self.link.phase is not Phase.LINKED:
            raise AssertionError(f"no handshake within {timeout} s: {self.link.message}")

    def take_pulses(self, channel: int) -> list[Pulse]:
        taken = [pulse for pulse in self.pulses if pulse.channel == channel]
        self.pulses = [pulse for pulse in self.pulses if pulse.channel != channel]
        return taken


def say_hello(board: Board) -> None:
    board.write(DELIMITER + encode(FrameType.HELLO, 0, hello_payload()))
    board.run(0.01)
    board.frames()


def send_target(board: Board, sequence: int, pan: float, tilt: float = 0.0) -> float:
    """Send one command and return when its first bit left."""
    start = board.line_free
    payload = target_payload(pan, tilt, BLACK)
    board.write(DELIMITER + encode(FrameType.TARGET, sequence % 256, payload))
    return start


@dataclass
class RoundTrips:
    """Times of many commands, s."""

    acks: list[float] = field(default_factory=list)
    lost: int = 0


def round_trips(elf: Path, rate: float, count: int, jitter: float, seed: int = 1) -> RoundTrips:
    """Time commands at a mean rate whose intervals vary by a part of themselves."""
    result = RoundTrips()
    draw = random.Random(seed)
    with Board(elf) as board:
        board.run(0.05)
        say_hello(board)
        sent: dict[int, float] = {}
        time = board.time

        def collect() -> None:
            for arrival, frame in board.frames():
                if frame.type == FrameType.ACK and frame.sequence in sent:
                    message = parse(frame)
                    assert isinstance(message, Ack)
                    assert message.status is Status.OK
                    result.acks.append(arrival - sent.pop(frame.sequence))

        for index in range(count):
            time += draw.uniform(1 - jitter, 1 + jitter) / rate
            board.run_until(time)
            collect()
            result.lost += sent.pop(index % 256, None) is not None
            sent[index % 256] = send_target(board, index, draw.uniform(-1, 1))
        board.run(0.05)
        collect()
        result.lost += len(sent)
    return result


def pulse_latencies(elf: Path, count: int, seed: int = 2) -> list[float]:
    """Time from a command to the end of the first pulse that differs, s; head at rest before."""
    latencies = []
    draw = random.Random(seed)
    with Board(elf) as board:
        board.run(0.05)
        say_hello(board)
        send_target(board, 0, 0.0)
        board.run(0.1)
        board.pulses()
        angle = 0.0
        resting = 1500.0
        for index in range(1, count + 1):
            angle = 0.1 if angle == 0.0 else 0.0
            board.run(draw.uniform(0, SERVO_FRAME))
            board.pulses()
            start = send_target(board, index, angle)
            board.run(0.25)
            pulses = [p for p in board.pulses() if p.channel == lockstep.PAN]
            changed = next(p for p in pulses if abs(p.width_us - resting) > 1.0 and p.end > start)
            latencies.append(changed.end - start)
            resting = pulses[-1].width_us
            board.frames()
    return latencies


@dataclass
class FaultRun:
    """What became of commands over a faulty line."""

    commands: int
    acked_at_once: int
    acked: int
    lost: int


def faulty_line(elf: Path, probability: float, count: int, seed: int = 3) -> FaultRun:
    """Send commands while bytes in both directions are dropped or flipped, half of each."""
    with Board(elf, seed=seed) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        for direction in (lockstep.TO_BOARD, lockstep.TO_HOST):
            board.set_fault(direction, lockstep.DROP, probability / 2)
            board.set_fault(direction, lockstep.FLIP, probability / 2)
        draw = random.Random(seed)
        for _ in range(count):
            session.command(draw.uniform(-1, 1))
            session.run(0.1)
        statistics = session.link.report.statistics
        return FaultRun(count, statistics.acked_at_once, statistics.acked, statistics.lost)


def noise_accepted(elf: Path, size: int, seed: int = 4) -> int:
    """Send random bytes, and return how many frames the board took for its own."""
    draw = random.Random(seed)
    answers = 0
    with Board(elf) as board:
        board.run(0.05)
        left = size
        while left:
            chunk = min(left, 60_000)
            board.write(draw.randbytes(chunk))
            left -= chunk
            board.run_until(board.line_free + 0.01)
            answers += sum(frame.type < 0x90 for _, frame in board.frames())
    return answers


@dataclass
class StepResponse:
    """A step of the pan axis as its pulses showed it.

    Attributes:
        times: rising edges since the command, s.
        angles: what each pulse showed, rad.
        overshoot: rad.
        settled: time until it stays within 0.5° of the target, s.
    """

    times: list[float]
    angles: list[float]
    overshoot: float
    settled: float


def step_response(elf: Path, size: float) -> StepResponse:
    with Board(elf) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        session.command(0.0)
        session.run(0.2)
        session.take_pulses(lockstep.PAN)
        start = board.time
        session.command(size)
        session.run(1.5)
        pulses = session.take_pulses(lockstep.PAN)
    times = [pulse.start - start for pulse in pulses]
    angles = [pulse_angle(pulse) for pulse in pulses]
    late = [time for time, angle in zip(times, angles, strict=True) if abs(angle - size) > 0.00873]
    return StepResponse(
        times, angles, max(0.0, max(angles) - size), (max(late) if late else 0.0) + SERVO_FRAME
    )


@dataclass
class Extremes:
    """Greatest speed and acceleration that the pulses showed, rad/s and rad/s²."""

    velocity: float
    acceleration: float
    lowest: float
    highest: float


def random_retargets(elf: Path, count: int, seed: int = 5) -> Extremes:
    """Retarget the pan axis at random times to random angles, also beyond its range."""
    draw = random.Random(seed)
    with Board(elf) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        for _ in range(count):
            session.command(draw.uniform(-2.0, 2.0))
            session.run(draw.choice((0.005, 0.02, 0.06, 0.15)))
        angles = [pulse_angle(pulse) for pulse in session.take_pulses(lockstep.PAN)]
    velocities = [(b - a) / SERVO_FRAME for a, b in itertools.pairwise(angles)]
    accelerations = [(b - a) / SERVO_FRAME for a, b in itertools.pairwise(velocities)]
    return Extremes(
        max(map(abs, velocities)), max(map(abs, accelerations)), min(angles), max(angles)
    )


def pan_limits() -> AxisLimits:
    return HeadLimits().pan


@dataclass
class Silence:
    """What a head does that hears nothing more, s after the last byte."""

    homing_starts: float
    pulses_end: float


def silence(elf: Path) -> Silence:
    with Board(elf) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        session.command(1.0)
        session.run(1.0)
        session.take_pulses(lockstep.PAN)
        session.silent = True
        since = session.last_byte
        session.run(6.0)
        pulses = session.take_pulses(lockstep.PAN)
    resting = pulses[0].width_us
    homing = next(pulse for pulse in pulses if abs(pulse.width_us - resting) > 1.0)
    return Silence(homing.start - since, pulses[-1].end - since)


@dataclass
class Hang:
    """Times after the processor has begun to hang, s."""

    pulses_end: float
    linked_again: float


def hang(elf: Path) -> Hang:
    with Board(elf) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        session.command(0.5)
        session.run(1.0)
        session.take_pulses(lockstep.PAN)
        handshakes = session.link.report.statistics.handshakes
        since = board.time
        board.hang()
        while session.link.report.statistics.handshakes == handshakes and board.time < since + 5:
            session.run(HOST_STEP)
        pulses = session.take_pulses(lockstep.PAN)
        return Hang(pulses[-1].end - since if pulses else 0.0, board.time - since)


def pulse_errors_us(elf: Path, angles: list[float]) -> list[float]:
    """Difference between the resting pulses and what the commanded angles mean, µs."""
    errors = []
    with Board(elf) as board:
        board.run(0.05)
        session = Session(board)
        session.connect()
        for angle in angles:
            tilt = max(-0.52, min(0.69, angle / 2))
            session.command(angle, tilt)
            session.run(1.3)
            for channel, wanted in ((lockstep.PAN, angle), (lockstep.TILT, tilt)):
                resting = session.take_pulses(channel)[-5:]
                errors += [pulse.width_us - expected_pulse_us(wanted) for pulse in resting]
    return errors
