"""The real firmware on a simulated board: a child process behind a pseudo-terminal.

Commands take the way of any serial head. The position is not what the board says of itself but what
its servo pulses show, measured at the simulated pins.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotion_core.head.backend import HeadSnapshot
from emotion_core.head.firmware_build import FirmwareBuild, FirmwareError, build_firmware
from emotion_core.head.limits import HeadLimits
from emotion_core.head.serial_head import SerialHead

CENTER_PULSE_US: Final = 1500.0
"""Pulse at which the imagined servo stands straight ahead, µs."""
SERVO_SCALE_US_PER_RAD: Final = 637.0
"""Change of the pulse per angle of the imagined servo, µs/rad."""

_STOP_TIME: Final = 2.0
_RESTART_PAUSE: Final = 0.5
_BOOT_MILLISECONDS: Final = 100
_OVERLAP: Final = 0.5
"""Pulses that begin again may be older than the board's last report by so much, s."""


@dataclass(frozen=True, slots=True)
class ServoReading:
    """What the pins showed.

    Attributes:
        time: rising edge of the pulse, s on the head's clock; 0 before the first.
        pan: angle that the pulse on D9 means, rad.
        tilt: angle that the pulse on D10 means, rad.
        pulsing: false after the pulses have stopped.
    """

    time: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    pulsing: bool = False


def pulse_to_angle(pulse_us: float) -> float:
    """Return the angle (rad) at which a servo stands that is given this pulse (µs)."""
    return (pulse_us - CENTER_PULSE_US) / SERVO_SCALE_US_PER_RAD


class SimulatedHead:
    """The firmware in the simulator; see :class:`emotion_core.head.backend.Head`.

    Args:
        clock: gives the times of snapshots, s.
        limits: the host's own limits.
        build: files to run; by default the firmware of this source tree, built when necessary.
        eeprom: file that keeps the board's EEPROM from one run to the next; None forgets it.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        limits: HeadLimits | None = None,
        build: FirmwareBuild | None = None,
        eeprom: Path | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._build = build
        self._eeprom = eeprom
        self._serial: SerialHead | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._supervisor: threading.Thread | None = None
        self._stopping = threading.Event()
        self._reading = ServoReading()
        self._newest = 0.0

    def open(self) -> None:
        """Build the firmware if necessary, start the simulator and connect to it.

        Raises:
            FirmwareError: if it cannot be built.
        """
        if self._serial is not None:
            return
        if self._build is None:
            self._build = build_firmware(simulator=True)
        if self._build.simulator is None:
            raise FirmwareError("the firmware was built without the simulator")
        self._directory = tempfile.TemporaryDirectory(prefix="emotion_bot_head_")
        self._stopping.clear()
        self._process = self._start(self._build)
        self._supervisor = threading.Thread(
            target=self._supervise, args=(self._build,), name="head simulator", daemon=True
        )
        self._supervisor.start()
        self._serial = SerialHead(str(self._link_path), self._clock, self._limits)
        self._serial.open()

    def close(self) -> None:
        """Park the head and end the simulator."""
        if self._serial is None or self._directory is None:
            return
        self._serial.close()
        self._stopping.set()
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(_STOP_TIME)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._supervisor is not None:
            self._supervisor.join()
        self._directory.cleanup()
        self._serial = self._directory = self._process = self._supervisor = None

    def command(
        self, pan: float, tilt: float, led_rgb: tuple[float, float, float], stamp_ns: int
    ) -> None:
        """Give the newest set-point; see :class:`emotion_core.head.backend.Head`."""
        if self._serial is not None:
            self._serial.command(pan, tilt, led_rgb, stamp_ns)

    def park(self) -> None:
        """Send the head home slowly; see :class:`emotion_core.head.backend.Head`."""
        if self._serial is not None:
            self._serial.park()

    def state(self) -> HeadSnapshot:
        """Return the newest snapshot; its position is what the servo pulses show."""
        if self._serial is None:
            return HeadSnapshot(time=self._clock(), message="closed")
        snapshot = self._serial.state()
        reading = self._reading
        if not reading.time:
            return snapshot
        # Without pulses the servos stay where they were; that is as new as the board's own report.
        time_shown = reading.time if reading.pulsing else max(reading.time, snapshot.time)
        if not 0 < self._newest - time_shown < _OVERLAP:
            self._newest = time_shown
        return replace(snapshot, time=self._newest, pan=reading.pan, tilt=reading.tilt)

    @property
    def serial(self) -> SerialHead:
        """The serial head behind it, for settings and statistics.

        Raises:
            RuntimeError: while the head is not open.
        """
        if self._serial is None:
            raise RuntimeError("the simulated head is not open")
        return self._serial

    @property
    def reading(self) -> ServoReading:
        """The newest servo pulses."""
        return self._reading

    def inject(self, order: str) -> None:
        """Give the simulator an order such as ``reset``, ``hang``, ``unplug`` or ``drop 0.001``.

        The orders are listed in ``firmware/sim/pty.c``.
        """
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.write(order + "\n")
            process.stdin.flush()

    @property
    def _link_path(self) -> Path:
        if self._directory is None:
            raise RuntimeError("the simulated head is not open")
        return Path(self._directory.name, "port")

    def _start(self, build: FirmwareBuild) -> subprocess.Popen[str]:
        command = [
            str(build.simulator),
            "--elf",
            str(build.elf),
            "--link",
            str(self._link_path),
            "--boot-ms",
            str(_BOOT_MILLISECONDS),
            "--reset-on-open",  # as an Uno does
        ]
        if self._eeprom is not None:
            command += ["--eeprom", str(self._eeprom)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def _supervise(self, build: FirmwareBuild) -> None:
        """Read the simulator's reports; start it again when it dies."""
        while True:
            process = self._process
            if process is None or process.stdout is None:
                return
            for line in process.stdout:
                self._read(line)
            process.wait()
            process.stdout.close()
            self._reading = replace(self._reading, pulsing=False)
            if self._stopping.wait(_RESTART_PAUSE):
                return
            self._process = self._start(build)

    def _read(self, line: str) -> None:
        kind, *values = line.split()
        if kind == "pulse" and len(values) == 3:
            pan, tilt = (pulse_to_angle(float(value)) for value in values[1:])
            if math.isfinite(pan) and math.isfinite(tilt):
                offset = self._clock() - time.time()
                moment = int(values[0]) * 1e-9 + offset
                self._reading = ServoReading(moment, pan, tilt, pulsing=True)
        elif kind == "off":
            self._reading = replace(self._reading, pulsing=False)
