"""Set-points in, joint angles and the head's state out."""

from __future__ import annotations

import math

from emotion_bot_msgs.msg import HeadCommand, HeadState
from sensor_msgs.msg import JointState

from emotion_bot import joints, stamps
from emotion_core.head.backend import Head, HeadSnapshot

_SILENCE_SECONDS = 2.0
"""A board that is connected reports its position more often than this."""


class HeadPipeline:
    """Speaks to one head, and parks it when set-points stop.

    The board goes home by itself when it hears nothing, but as long as this program runs it hears
    heartbeats, whether or not anybody still says where to look.

    Args:
        head: real, simulated or virtual; opening and closing it is the caller's.
        command_timeout: time without a set-point after which the head is parked, s.

    Attributes:
        snapshot: of the newest report.
    """

    def __init__(self, head: Head, command_timeout: float = math.inf) -> None:
        self._head = head
        self._command_timeout = command_timeout
        self._commanded: float | None = None
        self.snapshot = HeadSnapshot()

    @property
    def is_followed(self) -> bool:
        """Whether set-points come in, so that the head stands where somebody wants it."""
        return self._commanded is not None

    def command(self, message: HeadCommand, now: float = 0.0) -> None:
        """Hand a set-point to the head.

        Args:
            message: the set-point.
            now: s on a clock that never jumps.

        Raises:
            ValueError: if an angle or a colour is not finite.
        """
        led = message.led
        self._head.command(
            message.pan,
            message.tilt,
            (led.r * led.a, led.g * led.a, led.b * led.a),
            stamps.nanoseconds_from_stamp(message.header.stamp),
        )
        self._commanded = now

    def watch(self, now: float) -> None:
        """Park the head if the last set-point is too old; call this often.

        Args:
            now: s on the clock of `command`.
        """
        if self._commanded is not None and now - self._commanded >= self._command_timeout:
            self._commanded = None
            self._head.park()

    def report(self) -> tuple[JointState | None, HeadState | None]:
        """Return the angles if they were measured anew, and the state if it changed."""
        snapshot = self._head.state()
        angles = state = None
        if snapshot.connected and snapshot.time != self.snapshot.time:
            angles = JointState(
                name=[joints.PAN, joints.TILT], position=[snapshot.pan, snapshot.tilt]
            )
            angles.header.stamp = stamps.stamp_from_seconds(snapshot.time)
        if snapshot != self.snapshot:
            state = _state_message(snapshot)
        self.snapshot = snapshot
        return angles, state


def _newest(measured: float, acked: float) -> float:
    """Return the later of two times, s; positions are measured without end, acks may stop."""
    # An ack from the future is one from before the computer's clock was set back.
    return max(measured, acked) if acked - measured < _SILENCE_SECONDS else measured


def _state_message(snapshot: HeadSnapshot) -> HeadState:
    message = HeadState(
        acked_command_stamp=stamps.stamp_from_nanoseconds(snapshot.acked_stamp_ns),
        connected=snapshot.connected,
        powered=snapshot.powered,
        parked=snapshot.parked,
        limited=snapshot.limited,
        touched=snapshot.touched,
        commanded_pan=snapshot.commanded_pan,
        commanded_tilt=snapshot.commanded_tilt,
        supply_voltage=snapshot.supply_voltage,
        firmware_version=snapshot.firmware_version,
        boot_count=snapshot.boot_count,
        commands_sent=snapshot.commands_sent,
        commands_acked=snapshot.commands_acked,
        commands_lost=snapshot.commands_lost,
    )
    message.header.stamp = stamps.stamp_from_seconds(_newest(snapshot.time, snapshot.acked_time))
    message.acked_time = stamps.stamp_from_seconds(snapshot.acked_time)
    return message
