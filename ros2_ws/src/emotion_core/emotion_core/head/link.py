"""The host's end of the serial line as a state machine without a port, a thread or a clock.

Bytes and times go in, bytes to write come out. ``serial_head.py`` drives it with a real port,
the tests drive it in lockstep with the simulated board.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from emotion_core.head.limits import HeadLimits
from emotion_core.head.protocol import (
    DELIMITER,
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    Frame,
    FrameReader,
    FrameType,
    Health,
    Message,
    Motion,
    ProtocolError,
    ProtocolVersionError,
    SetPoint,
    Status,
    Welcome,
    angle_to_wire,
    check_version,
    encode,
    hello_payload,
    parse,
    target_payload,
)

HELLO_INTERVAL: Final = 0.1
"""A HELLO that is not answered is repeated after this, s."""
HELLO_TIME: Final = 3.0
"""So long a port may stay without an answer; an Uno takes 1 to 2 s after opening, s."""
RETRY_INTERVAL: Final = 0.025
"""An unacknowledged command is repeated after this, s."""
TRIES: Final = 3
"""A command that so many tries did not bring through counts as lost."""
SLOW_RETRY_INTERVAL: Final = 0.1
"""A lost command is still the newest, and is repeated at this interval, s."""
HEARTBEAT_INTERVAL: Final = 0.08
"""Greatest time without any frame to the board, s."""
SILENCE_LIMIT: Final = 0.4
"""Without a frame from the board for so long the handshake starts anew, s."""
COMMAND_INTERVAL: Final = 0.002
"""Commands that come faster than this wait, and only the newest of them is sent, s."""
FRESH_COMMAND: Final = 1.0
"""After a new handshake only a command younger than this is sent again, s."""
REQUEST_TRIES: Final = 10
"""A request for settings fails after so many tries."""


class LinkError(RuntimeError):
    """The board did not answer, or not as it should."""


class RequestRefusedError(LinkError):
    """The board answered a request with a status that is not OK."""

    def __init__(self, frame_type: FrameType, status: Status) -> None:
        super().__init__(f"the board refused {frame_type.name}: {status.name}")
        self.status = status


class Phase(Enum):
    """How far the link is."""

    CLOSED = "closed"
    HANDSHAKE = "handshake"
    LINKED = "linked"
    REFUSED = "refused"


@dataclass(slots=True)
class _Command:
    angles: tuple[int, int]
    payload: bytes
    stamp_ns: int
    given: float
    sequence: int = -1
    last_sent: float = -math.inf
    tries: int = 0
    acked: bool = False
    counted: bool = False
    lost: bool = False


@dataclass(slots=True)
class _Request:
    type: FrameType
    payload: bytes
    future: Future[Message]
    sequence: int = -1
    last_sent: float = -math.inf
    tries: int = 0


@dataclass(slots=True)
class LinkStatistics:
    """What the link counted since the program started.

    Attributes:
        sent: commands given by the program.
        acked: of these, acknowledged by the board.
        acked_at_once: of these, without a second try.
        lost: commands that three tries did not bring through, and that no newer one replaced.
        handshakes: completed handshakes.
        board_resets: handshakes that found another boot counter than the one before.
    """

    sent: int = 0
    acked: int = 0
    acked_at_once: int = 0
    lost: int = 0
    handshakes: int = 0
    board_resets: int = 0


@dataclass(slots=True)
class BoardReport:
    """The newest that the board has said; times are those given to ``HeadLink.receive``."""

    motion: Motion | None = None
    motion_time: float = 0.0
    set_point: SetPoint | None = None
    health: Health | None = None
    welcome: Welcome | None = None
    limited: bool = False
    acked_stamp_ns: int = 0
    acked_time: float = 0.0
    round_trip: float = math.nan
    statistics: LinkStatistics = field(default_factory=LinkStatistics)


def _bytes_of(frame_type: FrameType, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame after a delimiter that ends whatever noise the board has heard before."""
    return DELIMITER + encode(frame_type, sequence, payload)


class HeadLink:
    """Handshake, commands, acknowledgements, heartbeat and requests over one line.

    Only the newest command is ever repeated. All times are seconds of one clock that does not jump.

    Args:
        limits: the host's own limits; angles are clamped to them and to the board's ranges.
    """

    def __init__(self, limits: HeadLimits | None = None) -> None:
        self._limits = limits or HeadLimits()
        self._reader = FrameReader()
        self._sequence = 0
        self._command: _Command | None = None
        self._superseded: dict[int, _Command] = {}
        self._acked_given = -math.inf
        self._requests: deque[_Request] = deque()
        self._park_sequence: int | None = None
        self._started = 0.0
        self._last_sent = -math.inf
        self._last_received = 0.0
        self._foreign_bytes = 0
        self._own_frames = 0
        self.phase = Phase.CLOSED
        self.message = "not connected"
        self.report = BoardReport()

    @property
    def parked(self) -> bool:
        """The board has acknowledged the newest PARK."""
        return self._park_sequence is None

    @property
    def rejected(self) -> int:
        """What came from the board and was no frame."""
        return self._reader.rejected

    def opened(self, now: float) -> None:
        """Start the handshake on a line that was just opened, or that fell silent."""
        if self.phase is Phase.CLOSED:
            self._reader = FrameReader()
        self.phase = Phase.HANDSHAKE
        self.message = "waiting for the board's answer"
        self._started = now
        self._last_sent = -math.inf
        self._last_received = now
        self._foreign_bytes = 0
        self._own_frames = 0
        self._superseded.clear()
        self._park_sequence = None

    def closed(self, message: str) -> None:
        """The line is gone."""
        self.phase = Phase.CLOSED
        self.message = message
        self._fail_requests(LinkError(message))

    def command(
        self,
        pan: float,
        tilt: float,
        led_rgb: tuple[float, float, float],
        stamp_ns: int,
        now: float,
    ) -> None:
        """Make this the newest command; angles in rad are clamped, channels lie in [0, 1].

        Raises:
            ValueError: if an angle or a channel is not finite.
        """
        for channel in led_rgb:
            if not math.isfinite(channel):
                raise ValueError(f"LED channels must be finite, got {led_rgb}")
        allowed_pan = self._limits.pan.clamp(pan)
        allowed_tilt = self._limits.tilt.clamp(tilt)
        self.report.limited = allowed_pan != pan or allowed_tilt != tilt
        previous = self._command
        if previous is not None and not previous.acked and previous.tries > 0:
            self._superseded[previous.sequence] = previous
            while len(self._superseded) > 64:
                self._superseded.pop(next(iter(self._superseded)))
        payload = target_payload(allowed_pan, allowed_tilt, led_rgb)
        angles = angle_to_wire(allowed_pan), angle_to_wire(allowed_tilt)
        self._command = _Command(angles, payload, stamp_ns, now)
        self._park_sequence = None
        self.report.statistics.sent += 1

    def park(self) -> None:
        """Ask the board to go home and switch its pulses off; repeated until acknowledged."""
        self._command = None
        self._park_sequence = -1

    def request(self, frame_type: FrameType, payload: bytes = b"") -> Future[Message]:
        """Queue a request for settings; its future gives the answer or raises LinkError."""
        future: Future[Message] = Future()
        if self.phase is not Phase.LINKED:
            future.set_exception(LinkError(f"no head to ask: {self.message}"))
        else:
            self._requests.append(_Request(frame_type, payload, future))
        return future

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes that arrived from the board.

        Raises:
            ProtocolVersionError: if the board speaks another version.
        """
        rejected_before = self._reader.rejected
        for frame in self._reader.push(data):
            try:
                message = parse(frame)
            except ProtocolError:
                self._foreign_bytes += 1
                continue
            self._own_frames += 1
            self._last_received = now
            self._take(frame, message, now)
        self._foreign_bytes += self._reader.rejected - rejected_before

    def outgoing(self, now: float) -> bytes:
        """Return the bytes to write now; empty when nothing is due.

        Raises:
            LinkError: if the other end has not answered as a head for too long.
        """
        if self.phase is Phase.LINKED and now - self._last_received > SILENCE_LIMIT:
            self.opened(now)
            self.message = "the board fell silent"
        self._count_lost(now)
        if self.phase is Phase.HANDSHAKE:
            return self._handshake(now)
        if self.phase is not Phase.LINKED:
            return b""
        data = self._request_due(now) + self._park_due(now) + self._command_due(now)
        if not data and now - self._last_sent >= HEARTBEAT_INTERVAL:
            data = _bytes_of(FrameType.HEARTBEAT, self._next_sequence())
        if data:
            self._last_sent = now
        return data

    def _handshake(self, now: float) -> bytes:
        if now - self._started > HELLO_TIME:
            if self._own_frames:
                raise LinkError("the board sends frames but does not answer to the handshake")
            if self._foreign_bytes:
                raise LinkError("something else than a head is connected: it sends no head frames")
            raise LinkError("nothing on this port answers as a head")
        if now - self._last_sent < HELLO_INTERVAL:
            return b""
        self._last_sent = now
        return _bytes_of(FrameType.HELLO, self._next_sequence(), hello_payload())

    def _take(self, frame: Frame, message: Message, now: float) -> None:
        report = self.report
        if isinstance(message, Welcome):
            self._take_welcome(message, now)
        elif self.phase is not Phase.LINKED:
            return
        elif isinstance(message, Ack):
            self._take_ack(frame.sequence, message, now)
        elif isinstance(message, Motion):
            report.motion, report.motion_time = message, now
            if not message.flags & Flag.LINKED:
                self.opened(now)
                self.message = "the board was reset"
        elif isinstance(message, SetPoint):
            report.set_point = message
            self._take_set_point(message, now)
        elif isinstance(message, Health):
            report.health = message
        elif isinstance(message, AxisSettings | BoardSettings):
            self._answer(frame.sequence, message)

    def _take_welcome(self, welcome: Welcome, now: float) -> None:
        try:
            check_version(welcome)
        except ProtocolVersionError as error:
            self.phase = Phase.REFUSED
            self.message = str(error)
            raise
        if self.phase is Phase.LINKED:
            return
        statistics = self.report.statistics
        previous = self.report.welcome
        if previous is not None and previous.boot_count != welcome.boot_count:
            statistics.board_resets += 1
        statistics.handshakes += 1
        self.report.welcome = welcome
        self.phase = Phase.LINKED
        self.message = ""
        command = self._command
        if command is not None and now - command.given > FRESH_COMMAND:
            self._command = None  # nobody expects the head to move for it any more
        elif command is not None:
            command.acked, command.tries, command.last_sent = False, 0, -math.inf

    def _take_ack(self, sequence: int, ack: Ack, now: float) -> None:
        if ack.status is Status.NOT_LINKED:
            self.opened(now)
            self.message = "the board was reset"
            return
        if self._requests and self._requests[0].sequence == sequence:
            self._answer(sequence, ack)
            return
        if sequence == self._park_sequence:
            self._park_sequence = None
            return
        current = self._command
        if current is not None and current.sequence == sequence and current.tries > 0:
            command = current
        elif sequence in self._superseded:
            command = self._superseded.pop(sequence)
        else:
            return
        if ack.status in (Status.OK, Status.LIMITED) and not command.acked:
            self.report.limited = self.report.limited or ack.status is Status.LIMITED
            self.report.round_trip = now - command.last_sent
            self._acked(command, now)

    def _take_set_point(self, set_point: SetPoint, now: float) -> None:
        """Telemetry names the last target as well: it replaces an acknowledgement that was lost."""
        command = self._command
        if command is None or command.acked or command.tries == 0:
            return
        angles = angle_to_wire(set_point.pan), angle_to_wire(set_point.tilt)
        if set_point.target_sequence == command.sequence and angles == command.angles:
            self._acked(command, now)

    def _acked(self, command: _Command, now: float) -> None:
        report = self.report
        command.acked = True
        if not command.counted:
            command.counted = True
            report.statistics.acked += 1
            report.statistics.acked_at_once += command.tries == 1
        # By the order in which they were given: stamps go back when the computer's clock is set.
        if command.given >= self._acked_given:
            self._acked_given = command.given
            report.acked_stamp_ns = command.stamp_ns
            report.acked_time = now
        if command is self._command:
            self._superseded.clear()

    def _answer(self, sequence: int, message: Message) -> None:
        if not self._requests or self._requests[0].sequence != sequence:
            return
        request = self._requests.popleft()
        if isinstance(message, Ack) and message.status is not Status.OK:
            request.future.set_exception(RequestRefusedError(request.type, message.status))
        else:
            request.future.set_result(message)

    def _request_due(self, now: float) -> bytes:
        if not self._requests:
            return b""
        request = self._requests[0]
        if now - request.last_sent < SLOW_RETRY_INTERVAL:
            return b""
        if request.tries >= REQUEST_TRIES:
            self._requests.popleft()
            request.future.set_exception(LinkError(f"no answer to {request.type.name}"))
            return b""
        if request.sequence < 0:
            request.sequence = self._next_sequence()
        request.tries += 1
        request.last_sent = now
        return _bytes_of(request.type, request.sequence, request.payload)

    def _park_due(self, now: float) -> bytes:
        if self._park_sequence is None:
            return b""
        if self._park_sequence >= 0 and now - self._last_sent < RETRY_INTERVAL:
            return b""
        if self._park_sequence < 0:
            self._park_sequence = self._next_sequence()
        return _bytes_of(FrameType.PARK, self._park_sequence)

    def _command_due(self, now: float) -> bytes:
        command = self._command
        if command is None or command.acked:
            return b""
        if command.tries == 0:
            if now - self._last_sent < COMMAND_INTERVAL:
                return b""
            command.sequence = self._next_sequence()
            self._superseded.pop(command.sequence, None)
        else:
            interval = RETRY_INTERVAL if command.tries < TRIES else SLOW_RETRY_INTERVAL
            if now - command.last_sent < interval:
                return b""
        command.tries += 1
        command.last_sent = now
        return _bytes_of(FrameType.TARGET, command.sequence, command.payload)

    def _count_lost(self, now: float) -> None:
        command = self._command
        if command is None or command.acked or command.lost:
            return
        if now - command.given > TRIES * RETRY_INTERVAL + COMMAND_INTERVAL:
            command.lost = True
            self.report.statistics.lost += 1

    def _fail_requests(self, error: LinkError) -> None:
        while self._requests:
            self._requests.popleft().future.set_exception(error)

    def _next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) % 256
        return self._sequence
