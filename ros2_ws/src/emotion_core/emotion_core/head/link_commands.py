"""Commands on their way to the board: the newest is repeated until it is acknowledged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from emotion_core.head.link_report import BoardReport
from emotion_core.head.protocol.framing import encode_after_delimiter
from emotion_core.head.protocol.messages import Ack, FrameType, SetPoint, Status
from emotion_core.head.protocol.payloads import angle_to_wire, target_payload

RETRY_INTERVAL: Final = 0.025
"""An unacknowledged command is repeated after this, s."""
TRIES: Final = 3
"""A command that so many tries did not bring through counts as lost."""
SLOW_RETRY_INTERVAL: Final = 0.1
"""A lost command is still the newest, and is repeated at this interval, s."""
COMMAND_INTERVAL: Final = 0.002
"""Commands that come faster than this wait, and only the newest of them is sent, s."""
FRESH_COMMAND: Final = 1.0
"""After a new handshake only a command younger than this is sent again, s."""

_MOST_SUPERSEDED: Final = 64


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


class CommandDelivery:
    """Sends the newest TARGET or PARK until the board has it.

    Older targets are not repeated, but an acknowledgement of one that arrives late still counts.
    All times are seconds of one clock that does not jump.

    Args:
        report: where acknowledgements are noted and commands are counted.
        sequences: gives the sequence number of the next frame, in [0, 255], without end.
    """

    def __init__(self, report: BoardReport, sequences: Iterator[int]) -> None:
        self._report = report
        self._sequences = sequences
        self._command: _Command | None = None
        self._superseded: dict[int, _Command] = {}
        self._acked_given = -math.inf
        self._park_sequence: int | None = None

    @property
    def parked(self) -> bool:
        """The board has acknowledged the newest PARK."""
        return self._park_sequence is None

    def handshake_started(self) -> None:
        """Forget what was sent: the board will not acknowledge it any more."""
        self._superseded.clear()
        self._park_sequence = None

    def handshake_completed(self, now: float) -> None:
        """Send the newest command anew, unless it is older than ``FRESH_COMMAND``."""
        command = self._command
        if command is not None and now - command.given > FRESH_COMMAND:
            self._command = None  # nobody expects the head to move for it any more
        elif command is not None:
            command.acked, command.tries, command.last_sent = False, 0, -math.inf

    def target(
        self,
        pan: float,
        tilt: float,
        led_rgb: tuple[float, float, float],
        stamp_ns: int,
        now: float,
    ) -> None:
        """Make this the newest command; angles in rad, channels in [0, 1]."""
        previous = self._command
        if previous is not None and not previous.acked and previous.tries > 0:
            self._superseded[previous.sequence] = previous
            while len(self._superseded) > _MOST_SUPERSEDED:
                self._superseded.pop(next(iter(self._superseded)))
        payload = target_payload(pan, tilt, led_rgb)
        angles = angle_to_wire(pan), angle_to_wire(tilt)
        self._command = _Command(angles, payload, stamp_ns, now)
        self._park_sequence = None
        self._report.statistics.sent += 1

    def park(self) -> None:
        """Replace the newest command by a PARK."""
        self._command = None
        self._park_sequence = -1

    def take_ack(self, sequence: int, ack: Ack, now: float) -> None:
        """Note which command the board has acknowledged."""
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
            self._report.limited = self._report.limited or ack.status is Status.LIMITED
            self._report.round_trip = now - command.last_sent
            self._acked(command, now)

    def take_set_point(self, set_point: SetPoint, now: float) -> None:
        """Telemetry names the last target as well: it replaces an acknowledgement that was lost."""
        command = self._command
        if command is None or command.acked or command.tries == 0:
            return
        angles = angle_to_wire(set_point.pan), angle_to_wire(set_point.tilt)
        if set_point.target_sequence == command.sequence and angles == command.angles:
            self._acked(command, now)

    def count_lost(self, now: float) -> None:
        """Count the newest command as lost when its tries are over."""
        command = self._command
        if command is None or command.acked or command.lost:
            return
        if now - command.given > TRIES * RETRY_INTERVAL + COMMAND_INTERVAL:
            command.lost = True
            self._report.statistics.lost += 1

    def due(self, now: float, line_last_used: float) -> bytes:
        """Return the frame to write; empty when none is due.

        Args:
            now: present time, s.
            line_last_used: when the newest frame of any kind was written, s.
        """
        return self._park_due(now, line_last_used) + self._command_due(now, line_last_used)

    def _park_due(self, now: float, line_last_used: float) -> bytes:
        if self._park_sequence is None:
            return b""
        if self._park_sequence >= 0 and now - line_last_used < RETRY_INTERVAL:
            return b""
        if self._park_sequence < 0:
            self._park_sequence = next(self._sequences)
        return encode_after_delimiter(FrameType.PARK, self._park_sequence)

    def _command_due(self, now: float, line_last_used: float) -> bytes:
        command = self._command
        if command is None or command.acked:
            return b""
        if command.tries == 0:
            if now - line_last_used < COMMAND_INTERVAL:
                return b""
            command.sequence = next(self._sequences)
            self._superseded.pop(command.sequence, None)
        else:
            interval = RETRY_INTERVAL if command.tries < TRIES else SLOW_RETRY_INTERVAL
            if now - command.last_sent < interval:
                return b""
        command.tries += 1
        command.last_sent = now
        return encode_after_delimiter(FrameType.TARGET, command.sequence, command.payload)

    def _acked(self, command: _Command, now: float) -> None:
        report = self._report
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
