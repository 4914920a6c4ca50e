"""The host's end of the serial line as a state machine without a port, a thread or a clock.

Bytes and times go in, bytes to write come out. ``serial_head.py`` drives it with a real port,
the tests drive it in lockstep with the simulated board.
"""

from __future__ import annotations

import itertools
import math
from concurrent.futures import Future
from typing import Final

from emotion_core.head.limits import HeadLimits
from emotion_core.head.link_commands import CommandDelivery
from emotion_core.head.link_report import BoardReport, LinkError, Phase
from emotion_core.head.link_requests import RequestQueue
from emotion_core.head.protocol.framing import (
    Frame,
    FrameReader,
    ProtocolError,
    encode_after_delimiter,
)
from emotion_core.head.protocol.messages import (
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    FrameType,
    Health,
    Message,
    Motion,
    SetPoint,
    Status,
    Welcome,
)
from emotion_core.head.protocol.payloads import (
    ProtocolVersionError,
    check_version,
    hello_payload,
    parse,
)

HELLO_INTERVAL: Final = 0.1
"""A HELLO that is not answered is repeated after this, s."""
HELLO_TIME: Final = 3.0
"""So long a port may stay without an answer; an Uno takes 1 to 2 s after opening, s."""
HEARTBEAT_INTERVAL: Final = 0.08
"""Greatest time without any frame to the board, s."""
SILENCE_LIMIT: Final = 0.4
"""Without a frame from the board for so long the handshake starts anew, s."""


class HeadLink:
    """Handshake, commands, acknowledgements, heartbeat and requests over one line.

    Only the newest command is ever repeated. All times are seconds of one clock that does not jump.

    Args:
        limits: the host's own limits; angles are clamped to them and to the board's ranges.
    """

    def __init__(self, limits: HeadLimits | None = None) -> None:
        self._limits = limits or HeadLimits()
        self._reader = FrameReader()
        self._sequences = itertools.cycle((*range(1, 256), 0))
        self._started = 0.0
        self._last_sent = -math.inf
        self._last_received = 0.0
        self._foreign_bytes = 0
        self._own_frames = 0
        self.phase = Phase.CLOSED
        self.message = "not connected"
        self.report = BoardReport()
        self._commands = CommandDelivery(self.report, self._sequences)
        self._requests = RequestQueue(self._sequences)

    @property
    def parked(self) -> bool:
        """The board has acknowledged the newest PARK."""
        return self._commands.parked

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
        self._commands.handshake_started()

    def closed(self, message: str) -> None:
        """The line is gone."""
        self.phase = Phase.CLOSED
        self.message = message
        self._requests.fail(LinkError(message))

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
        self._commands.target(allowed_pan, allowed_tilt, led_rgb, stamp_ns, now)

    def park(self) -> None:
        """Ask the board to go home and switch its pulses off; repeated until acknowledged."""
        self._commands.park()

    def request(self, frame_type: FrameType, payload: bytes = b"") -> Future[Message]:
        """Queue a request for settings; its future gives the answer or raises LinkError."""
        if self.phase is Phase.LINKED:
            return self._requests.add(frame_type, payload)
        future: Future[Message] = Future()
        future.set_exception(LinkError(f"no head to ask: {self.message}"))
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
        self._commands.count_lost(now)
        if self.phase is Phase.HANDSHAKE:
            return self._handshake(now)
        if self.phase is not Phase.LINKED:
            return b""
        data = self._requests.due(now) + self._commands.due(now, self._last_sent)
        if not data and now - self._last_sent >= HEARTBEAT_INTERVAL:
            data = encode_after_delimiter(FrameType.HEARTBEAT, next(self._sequences))
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
        return encode_after_delimiter(FrameType.HELLO, next(self._sequences), hello_payload())

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
            self._commands.take_set_point(message, now)
        elif isinstance(message, Health):
            report.health = message
        elif isinstance(message, AxisSettings | BoardSettings):
            self._requests.take_answer(frame.sequence, message)

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
        self._commands.handshake_completed(now)

    def _take_ack(self, sequence: int, ack: Ack, now: float) -> None:
        if ack.status is Status.NOT_LINKED:
            self.opened(now)
            self.message = "the board was reset"
        elif not self._requests.take_answer(sequence, ack):
            self._commands.take_ack(sequence, ack, now)
