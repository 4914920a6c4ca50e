"""A head on a serial port: one thread reads, keeps the link alive and looks for a lost port."""

from __future__ import annotations

import concurrent.futures
import math
import termios
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import serial

from emotion_core.head.backend import HeadSnapshot
from emotion_core.head.limits import HeadLimits
from emotion_core.head.link import HeadLink
from emotion_core.head.link_report import LinkError, LinkStatistics, Phase
from emotion_core.head.protocol.messages import (
    AxisSettings,
    BoardSettings,
    Flag,
    FrameType,
    Health,
    Message,
    SettingsGroup,
    Welcome,
)
from emotion_core.head.protocol.payloads import ProtocolVersionError, settings_payload
from emotion_core.head.serial_port import find_ports, open_port

SHORTEST_BACK_OFF: Final = 0.1
"""First pause before a lost port is tried again, s."""
LONGEST_BACK_OFF: Final = 0.5
"""The pause doubles up to this, s."""
REFUSED_BACK_OFF: Final = 3.0
"""Pause after a port turned out not to be a head that fits, s."""

_POLL_INTERVAL: Final = 0.005
"""Between two looks at what the thread has brought, s."""
_PARK_TIME: Final = 0.3
_REQUEST_TIME: Final = 3.0

Answer = TypeVar("Answer", bound=Message)


class SerialHead:
    """The head behind a serial port; see :class:`emotion_core.head.backend.Head`.

    Args:
        port: device path, or None to look for a board by its USB id.
        clock: gives the times of snapshots, s; the link itself runs on a clock that never jumps.
        limits: the host's own limits.
        find: returns the ports to try when ``port`` is None.
    """

    def __init__(
        self,
        port: str | None,
        clock: Callable[[], float] = time.time,
        limits: HeadLimits | None = None,
        find: Callable[[], Iterable[str]] = find_ports,
    ) -> None:
        self._path = port
        self._clock = clock
        self._find = find
        self._link = HeadLink(limits)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._port: serial.Serial | None = None
        self._connected_path = ""
        self._had_link = False
        self._motion_stamp = 0.0
        self._acked_stamp = 0.0

    def open(self) -> None:
        """Start to look for the head; see :class:`emotion_core.head.backend.Head`."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="head link", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Park the head and release the port."""
        if self._thread is None:
            return
        self._park()
        self._stopping.set()
        self._thread.join()
        self._thread = None

    def command(
        self, pan: float, tilt: float, led_rgb: tuple[float, float, float], stamp_ns: int
    ) -> None:
        """Give the newest set-point; see :class:`emotion_core.head.backend.Head`."""
        with self._lock:
            self._link.command(pan, tilt, led_rgb, stamp_ns, time.monotonic())
        self._write_due()

    def state(self) -> HeadSnapshot:
        """Return the newest snapshot; its position is the profiled one of the board."""
        with self._lock:
            report = self._link.report
            linked = self._link.phase is Phase.LINKED
            motion, set_point, welcome = report.motion, report.set_point, report.welcome
            flags = motion.flags if motion else Flag(0)
            version = ".".join(map(str, welcome.firmware)) if welcome else ""
            supply = report.health.supply_voltage if report.health else None
            return HeadSnapshot(
                time=self._motion_stamp if motion else self._clock(),
                pan=motion.pan if motion else 0.0,
                tilt=motion.tilt if motion else 0.0,
                commanded_pan=set_point.pan if set_point else 0.0,
                commanded_tilt=set_point.tilt if set_point else 0.0,
                connected=linked,
                powered=linked and Flag.POWERED in flags,
                parked=linked and Flag.PARKED in flags,
                limited=report.limited,
                touched=linked and Flag.TOUCHED in flags,
                supply_voltage=supply if linked and supply is not None else math.nan,
                firmware_version=version,
                boot_count=welcome.boot_count if welcome else 0,
                commands_sent=report.statistics.sent,
                commands_acked=report.statistics.acked,
                commands_lost=report.statistics.lost,
                acked_stamp_ns=report.acked_stamp_ns,
                acked_time=self._acked_stamp,
                message=self._link.message,
            )

    @property
    def port(self) -> str:
        """Path of the port that is open; empty while there is none."""
        return self._connected_path

    def welcome(self) -> Welcome | None:
        """What the board said of itself in the newest handshake; None before the first."""
        with self._lock:
            return self._link.report.welcome

    def statistics(self) -> tuple[LinkStatistics, Health | None]:
        """What the host and what the board counted."""
        with self._lock:
            source = self._link.report.statistics
            copy = LinkStatistics(
                source.sent,
                source.acked,
                source.acked_at_once,
                source.lost,
                source.handshakes,
                source.board_resets,
            )
            return copy, self._link.report.health

    def wait_until_connected(self, timeout: float) -> bool:
        """Wait for a completed handshake, at most ``timeout`` s; for programs without a loop."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.state().connected:
                return True
            time.sleep(_POLL_INTERVAL)
        return False

    def read_axis(self, group: SettingsGroup) -> AxisSettings:
        """Ask for the settings of an axis; blocks. Raises LinkError without an answer."""
        return self._ask(FrameType.READ_SETTINGS, bytes((group,)), AxisSettings)

    def read_board(self) -> BoardSettings:
        """Ask for the settings of the board; blocks. Raises LinkError without an answer."""
        payload = bytes((SettingsGroup.BOARD,))
        return self._ask(FrameType.READ_SETTINGS, payload, BoardSettings)

    def write_settings(self, group: SettingsGroup, settings: AxisSettings | BoardSettings) -> None:
        """Change settings until the next reset; blocks.

        Raises:
            RequestRefusedError: if a value is beyond the hard bounds or the head is moving.
            LinkError: without an answer.
        """
        payload = settings_payload(group, settings)
        self._ask(FrameType.WRITE_SETTINGS, payload, type(settings))

    def store_settings(self) -> None:
        """Keep the present settings over resets; blocks. Raises LinkError without an answer."""
        self._ask(FrameType.STORE_SETTINGS, b"", None)
        end = time.monotonic() + _REQUEST_TIME
        stored_since = time.monotonic()
        while time.monotonic() < end:
            with self._lock:
                motion, when = self._link.report.motion, self._link.report.motion_time
            if motion and when > stored_since and Flag.STORING not in motion.flags:
                return
            time.sleep(_POLL_INTERVAL)
        raise LinkError("the board did not finish storing its settings")

    def restore_defaults(self) -> None:
        """Return to the compiled settings until the next reset; blocks. Raises LinkError."""
        self._ask(FrameType.RESTORE_DEFAULTS, b"", None)

    def park(self) -> None:
        """Send the head home slowly; its pulses stop when it is there."""
        with self._lock:
            self._link.park()
        self._write_due()

    def _ask(self, frame_type: FrameType, payload: bytes, answer: type[Answer] | None) -> Answer:
        with self._lock:
            future = self._link.request(frame_type, payload)
        self._write_due()
        try:
            message = future.result(_REQUEST_TIME)
        except concurrent.futures.TimeoutError as error:
            raise LinkError(f"no answer to {frame_type.name}") from error
        if answer is not None and not isinstance(message, answer):
            raise LinkError(f"{frame_type.name} was answered by {type(message).__name__}")
        return message  # type: ignore[return-value]

    def _park(self) -> None:
        with self._lock:
            if self._link.phase is not Phase.LINKED:
                return
            self._link.park()
        self._write_due()
        end = time.monotonic() + _PARK_TIME
        while time.monotonic() < end and not self._link.parked:
            time.sleep(_POLL_INTERVAL)

    def _write_due(self) -> None:
        """Write what is due; a port that fails is left to the thread, which reads from it."""
        with self._lock:
            try:
                data = self._link.outgoing(time.monotonic())
                if data and self._port is not None:
                    self._port.write(data)
            except (LinkError, serial.SerialException, OSError):
                return

    def _run(self) -> None:
        back_off = SHORTEST_BACK_OFF
        while not self._stopping.is_set():
            pause = back_off
            for path in self._candidates():
                try:
                    self._session(path)
                except (ProtocolVersionError, LinkError) as error:
                    self._closed(f"{path}: {error}")
                    pause = REFUSED_BACK_OFF
                except (serial.SerialException, OSError, termios.error) as error:
                    self._closed(f"{path}: {error}")
                if self._had_link:
                    back_off = pause = SHORTEST_BACK_OFF
                if self._stopping.is_set():
                    break
            back_off = min(2 * back_off, LONGEST_BACK_OFF)
            self._stopping.wait(pause)
        self._closed("closed")

    def _candidates(self) -> list[str]:
        self._had_link = False
        if self._path is not None:
            return [self._path]
        found = list(self._find())
        if not found:
            self._closed("no board found on any USB port")
        return found

    def _session(self, path: str) -> None:
        port = open_port(path)
        try:
            with self._lock:
                self._port = port
                self._connected_path = path
                self._link.opened(time.monotonic())
            while not self._stopping.is_set():
                data = port.read(max(1, port.in_waiting))
                with self._lock:
                    now = time.monotonic()
                    self._link.receive(data, now)
                    self._stamp(now)
                    outgoing = self._link.outgoing(now)
                    if outgoing:
                        port.write(outgoing)
                    self._had_link = self._had_link or self._link.phase is Phase.LINKED
        finally:
            with self._lock:
                self._port = None
                self._connected_path = ""
            port.close()

    def _stamp(self, now: float) -> None:
        """Note on the caller's clock when the newest reports arrived."""
        report = self._link.report
        if report.motion_time == now:
            self._motion_stamp = self._clock()
        if report.acked_time == now:
            self._acked_stamp = self._clock()

    def _closed(self, message: str) -> None:
        with self._lock:
            self._link.closed(message)
