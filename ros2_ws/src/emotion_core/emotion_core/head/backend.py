"""What every head offers, real or simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HeadSnapshot:
    """What is known about a head at one time.

    Attributes:
        time: when the position was measured, s on the clock given to the head.
        pan: measured angle, rad, positive to the robot's left. Hobby servos report nothing, so a
            serial head gives the profiled angle of the board, the simulated one its servo pulses.
        tilt: measured angle, rad, positive upwards.
        commanded_pan: last accepted set-point, rad.
        commanded_tilt: last accepted set-point, rad.
        connected: the head answers.
        powered: servo pulses are on.
        parked: at home after a silent link or a park command.
        limited: the last command was clamped to the limits.
        touched: touch or button input.
        supply_voltage: V; NaN when no divider is fitted.
        firmware_version: empty until known.
        boot_count: of the board; 0 for the virtual head.
        commands_sent: commands handed to the link.
        commands_acked: of these, acknowledged.
        commands_lost: of these, neither acknowledged nor replaced by a newer one in time.
        acked_stamp_ns: stamp of the newest acknowledged command, ns; 0 before the first.
        acked_time: when that acknowledgement arrived, s on the clock given to the head.
        message: why it is not connected, or what is wrong with it; empty when all is well.
    """

    time: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    commanded_pan: float = 0.0
    commanded_tilt: float = 0.0
    connected: bool = False
    powered: bool = False
    parked: bool = False
    limited: bool = False
    touched: bool = False
    supply_voltage: float = math.nan
    firmware_version: str = ""
    boot_count: int = 0
    commands_sent: int = 0
    commands_acked: int = 0
    commands_lost: int = 0
    acked_stamp_ns: int = 0
    acked_time: float = 0.0
    message: str = ""


class Head(Protocol):
    """A pan-tilt head. Nothing here blocks for longer than a millisecond, except open and close."""

    def open(self) -> None:
        """Start to connect. A head that is absent is looked for until close; no error for it."""

    def close(self) -> None:
        """Park the head if it answers, and release the device. Safe to call twice."""

    def command(
        self, pan: float, tilt: float, led_rgb: tuple[float, float, float], stamp_ns: int
    ) -> None:
        """Give the newest set-point; it replaces every older one that was not yet acknowledged.

        Args:
            pan: rad, positive to the robot's left; clamped to the limits.
            tilt: rad, positive upwards; clamped to the limits.
            led_rgb: colour, each channel in [0, 1]; clamped.
            stamp_ns: capture time of the frame that led to the command, given back on its ack.

        Raises:
            ValueError: if an angle or a channel is not finite.
        """

    def park(self) -> None:
        """Send the head home slowly; its pulses stop when it is there, until the next command."""

    def state(self) -> HeadSnapshot:
        """Return the newest snapshot."""
