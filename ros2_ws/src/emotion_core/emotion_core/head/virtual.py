"""A head without hardware: the firmware's behaviour as a model, driven by an injected clock."""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from emotion_core.head.axis import SERVO_FRAME, Axis
from emotion_core.head.backend import HeadSnapshot
from emotion_core.head.limits import ANGLE_UNIT, HeadLimits

HOMING_VELOCITY: Final = 0.8
"""Speed of the way home, rad/s."""
SILENCE_UNTIL_HOMING: Final = 0.5
"""Time without a valid frame until the head goes home, s."""
SILENCE_UNTIL_OFF: Final = 5.0
"""Time without a valid frame until the servo pulses stop, s."""

_STEP_LEAD: Final = 0.0015
"""The profile is stepped this long before the pulse that shows it, s; the firmware, which sleeps in
between, does it 1 to 2 ms before.
"""
_COMMAND_DELAY: Final = 14 * 10 / 115200
"""A command takes this long on the wire, s: 14 bytes at 115200 baud."""
_ACK_DELAY: Final = 12 * 10 / 115200
"""An acknowledgement takes this long on the wire, s."""
_HISTORY_FRAMES: Final = 500
"""Positions are kept for at least so many servo frames."""
_LONGEST_GAP: Final = 60.0
"""A clock that jumps further is followed without replaying the frames in between, s."""


@dataclass(frozen=True, slots=True)
class _Command:
    arrival: float
    pan: float
    tilt: float
    limited: bool
    stamp_ns: int


class VirtualHead:
    """A pan-tilt head that exists only as numbers.

    It keeps the limits, the 20 ms servo frame, the delay of the wire and the behaviour on a silent
    link of the firmware. Calls of ``state`` and ``command`` are its heartbeat: when they stop for
    0.5 s it goes home slowly, after 5 s its pulses stop.

    Args:
        clock: returns the present time, s. It may jump; backwards it restarts the history.
        limits: of both axes.
    """

    def __init__(self, clock: Callable[[], float], limits: HeadLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or HeadLimits()
        self._reset(0.0)
        self._is_open = False
        self._link_up = True
        self._snapshot = HeadSnapshot()

    def open(self) -> None:
        """Switch the head on, at home and without pulses until the first command."""
        self._reset(self._clock())
        self._is_open = True
        self._snapshot = HeadSnapshot(
            time=self._now, connected=self._link_up, firmware_version="virtual"
        )

    def close(self) -> None:
        """Switch the head off."""
        self._is_open = False
        self._snapshot = replace(self._snapshot, connected=False, powered=False)

    def set_link(self, up: bool) -> None:
        """Plug the imagined cable in or out."""
        self._advance(self._clock())
        self._link_up = up
        self._snapshot = replace(self._snapshot, connected=up and self._is_open)

    def command(
        self, pan: float, tilt: float, led_rgb: tuple[float, float, float], stamp_ns: int
    ) -> None:
        """Give the newest set-point; see :class:`emotion_core.head.backend.Head`."""
        for channel in led_rgb:
            if not math.isfinite(channel):
                raise ValueError(f"LED channels must be finite, got {led_rgb}")
        allowed_pan = self._limits.pan.clamp(pan)
        allowed_tilt = self._limits.tilt.clamp(tilt)
        now = self._clock()
        self._advance(now)
        if not self._is_open:
            return
        self._snapshot = replace(self._snapshot, commands_sent=self._snapshot.commands_sent + 1)
        if not self._link_up:
            self._snapshot = replace(self._snapshot, commands_lost=self._snapshot.commands_lost + 1)
            return
        limited = allowed_pan != pan or allowed_tilt != tilt
        self._pending.append(
            _Command(now + _COMMAND_DELAY, allowed_pan, allowed_tilt, limited, stamp_ns)
        )

    def park(self) -> None:
        """Send the head home slowly; see :class:`emotion_core.head.backend.Head`."""
        self._advance(self._clock())
        if self._is_open and self._link_up:
            self._pending.clear()
            self._active = False
            self._park_requested = self._powered

    def state(self) -> HeadSnapshot:
        """Advance to the present time and return the snapshot."""
        now = self._clock()
        self._advance(now)
        if self._is_open and self._link_up:
            self._last_frame = now
        return self._snapshot

    def position_at(self, time: float) -> tuple[float, float]:
        """Return pan and tilt (rad) that the newest servo pulse at a past time showed.

        Args:
            time: s on the head's clock, at most 10 s back; later times give the newest position.
        """
        self._advance(max(time, self._now))
        index = bisect.bisect_right(self._history, time, key=lambda sample: sample[0])
        _, pan, tilt = self._history[max(index - 1, 0)]
        return pan, tilt

    def _reset(self, now: float) -> None:
        self._now = now
        self._pan = Axis(self._limits.pan)
        self._tilt = Axis(self._limits.tilt)
        self._home = self._pan.position, self._tilt.position
        self._commanded = self._home
        self._active = False
        self._powered = False
        self._park_requested = False
        self._last_frame = now
        self._next_frame = now + SERVO_FRAME
        self._pending: deque[_Command] = deque()
        self._acks: deque[tuple[float, int]] = deque()
        self._history = [(now, *self._home)]

    def _advance(self, now: float) -> None:
        """Run every event up to ``now`` in its order."""
        if not self._is_open:
            return
        if now < self._now or now - self._now > _LONGEST_GAP:
            counters = self._snapshot
            self._reset(now)
            self._snapshot = replace(counters, time=now, powered=False, parked=False)
            return
        while self._next_frame <= now:
            self._accept(self._next_frame - _STEP_LEAD)
            self._step(self._next_frame)
            self._next_frame += SERVO_FRAME
        self._accept(now)
        while self._acks and self._acks[0][0] <= now:
            arrival, stamp_ns = self._acks.popleft()
            self._snapshot = replace(
                self._snapshot,
                commands_acked=self._snapshot.commands_acked + 1,
                acked_stamp_ns=stamp_ns,
                acked_time=arrival,
            )
        self._now = now

    def _accept(self, until: float) -> None:
        """Take the commands that have arrived on the wire."""
        while self._pending and self._pending[0].arrival <= until:
            newest = self._pending.popleft()
            self._commanded = newest.pan, newest.tilt
            self._active = True
            self._park_requested = False
            self._last_frame = newest.arrival
            self._acks.append((newest.arrival + _ACK_DELAY, newest.stamp_ns))
            self._snapshot = replace(
                self._snapshot,
                commanded_pan=newest.pan,
                commanded_tilt=newest.tilt,
                limited=newest.limited,
                parked=False,
            )

    def _step(self, pulse_time: float) -> None:
        """Step the profile; the pulse at ``pulse_time`` shows the result."""
        silence = pulse_time - _STEP_LEAD - self._last_frame
        if silence >= SILENCE_UNTIL_HOMING:
            self._active = False
        if silence >= SILENCE_UNTIL_OFF and self._powered:
            self._switch_off()
        if self._active and not self._powered:
            self._powered = True
        elif self._powered:
            target = self._commanded if self._active else self._home
            slower = None if self._active else HOMING_VELOCITY
            self._pan.step(target[0], slower)
            self._tilt.step(target[1], slower)
        pan = self._pan.position_units * ANGLE_UNIT
        tilt = self._tilt.position_units * ANGLE_UNIT
        self._history.append((pulse_time, pan, tilt))
        if len(self._history) > 2 * _HISTORY_FRAMES:
            del self._history[:_HISTORY_FRAMES]
        resting = self._pan.at_rest and self._tilt.at_rest
        at_home = (self._pan.position, self._tilt.position) == self._home and resting
        if self._park_requested and at_home:
            self._switch_off()
        self._snapshot = replace(
            self._snapshot,
            time=pulse_time,
            pan=pan,
            tilt=tilt,
            powered=self._powered,
            parked=at_home and not self._active and self._snapshot.commands_sent > 0,
        )

    def _switch_off(self) -> None:
        self._powered = False
        self._park_requested = False
        self._pan.stop()
        self._tilt.stop()
