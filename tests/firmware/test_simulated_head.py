"""The real firmware behind a pseudo-terminal, with the real threads and the real clock.

Bounds are loose: the machine may be busy. The exact figures are those in simulated time.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emotion_core.head import serial_port
from emotion_core.head.calibration import calibrate, wide_limits
from emotion_core.head.factory import create_head
from emotion_core.head.firmware_build import FirmwareBuild, FirmwareError
from emotion_core.head.limits import AxisLimits
from emotion_core.head.protocol.messages import AxisSettings, BoardSettings, SettingsGroup
from emotion_core.head.serial_head import SerialHead
from emotion_core.head.simulated import SimulatedHead
from emotion_core.head.virtual import VirtualHead

pytestmark = [pytest.mark.firmware, pytest.mark.slow]

BLACK = (0.0, 0.0, 0.0)
PATIENCE = 20.0


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE) -> float:
    """Return how long it took; fails when it never comes true."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < patience, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.fixture
def head(firmware: FirmwareBuild, tmp_path: Path) -> Iterator[SimulatedHead]:
    head = SimulatedHead(build=firmware, eeprom=tmp_path / "eeprom")
    head.open()
    try:
        wait_for(lambda: head.state().connected)
        yield head
    finally:
        head.close()


def command_until_acked(head: SimulatedHead, pan: float) -> float:
    """Return how long it took until a command was acknowledged."""
    start = time.time()

    def acked() -> bool:
        head.command(pan, 0.0, BLACK, time.time_ns())
        time.sleep(0.02)
        return head.state().acked_stamp_ns > start * 1e9

    return wait_for(acked)


def test_the_measured_pulses_follow_the_command(head: SimulatedHead) -> None:
    command_until_acked(head, 0.4)
    wait_for(lambda: abs(head.state().pan - 0.4) < 0.002)
    state = head.state()
    assert state.powered
    assert state.commanded_pan == pytest.approx(0.4, abs=1e-3)
    assert abs(state.time - time.time()) < 1.0
    assert state.firmware_version == "1.0.0"
    assert state.commands_acked <= state.commands_sent


def test_the_time_of_the_position_never_goes_back(head: SimulatedHead) -> None:
    """Also not where the servo pulses begin, and the position comes from them instead."""
    times = [head.state().time]
    acked: list[float] = []
    for index in range(400):
        if index >= 100:
            head.command(0.2, 0.0, BLACK, time.time_ns())
        time.sleep(0.002)
        state = head.state()
        times.append(state.time)
        acked.append(state.acked_time)
    assert all(a <= b for a, b in itertools.pairwise(times))
    assert all(a <= b for a, b in itertools.pairwise(acked))
    assert 20 < len(set(times)) < 200, "a new time means a new measurement"
    assert times[-1] <= time.time()


def test_unplugged_and_plugged_in_again_commands_flow_within_two_seconds(
    head: SimulatedHead,
) -> None:
    command_until_acked(head, 0.2)
    for _ in range(2):
        head.inject("unplug")
        wait_for(lambda: not head.state().connected)
        assert head.state().message
        time.sleep(0.3)
        head.inject("replug")
        assert command_until_acked(head, 0.3) < 2.0


def test_closed_and_opened_again_the_board_starts_anew_and_answers(head: SimulatedHead) -> None:
    for _ in range(3):
        boots = head.state().boot_count
        head.serial.close()
        assert not head.state().connected
        time.sleep(0.1)  # the terminal has to notice
        head.serial.open()
        command_until_acked(head, 0.2)
        assert head.state().boot_count == boots + 1


def test_a_hang_is_survived(head: SimulatedHead) -> None:
    command_until_acked(head, 0.2)
    boots = head.state().boot_count
    head.inject("hang")
    wait_for(lambda: head.state().connected and head.state().boot_count == boots + 1)
    command_until_acked(head, 0.1)


def test_noise_does_not_keep_commands_away(head: SimulatedHead) -> None:
    for order in ("noise 300", "drop 0.01", "flip 0.01"):
        head.inject(order)
    for index in range(20):
        command_until_acked(head, 0.01 * index)


def test_a_simulator_that_dies_is_started_again(head: SimulatedHead) -> None:
    command_until_acked(head, 0.1)
    assert head._process is not None
    head._process.kill()
    wait_for(lambda: not head.state().connected)
    command_until_acked(head, 0.2)


def test_closing_ends_every_thread_and_process(firmware: FirmwareBuild) -> None:
    head = SimulatedHead(build=firmware)
    head.open()
    process = head._process
    wait_for(lambda: head.state().connected)
    head.close()
    head.close()
    assert process is not None
    assert process.returncode is not None
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"head link", "head simulator"}
    assert head.state().message == "closed"


def test_settings_and_boot_count_outlive_the_simulator(
    firmware: FirmwareBuild, tmp_path: Path
) -> None:
    wanted = AxisSettings(AxisLimits(-0.4, 0.4, 2.0, 15.0), trim_us=25)
    boots = []
    for _ in range(2):
        head = SimulatedHead(build=firmware, eeprom=tmp_path / "eeprom")
        head.open()
        try:
            wait_for(lambda head=head: head.state().connected)  # type: ignore[misc]
            boots.append(head.state().boot_count)
            if len(boots) == 1:
                head.serial.write_settings(SettingsGroup.PAN, wanted)
                head.serial.store_settings()
            assert head.serial.read_axis(SettingsGroup.PAN) == wanted
            assert head.serial.read_board() == BoardSettings()
        finally:
            head.close()
    assert boots[1] > boots[0]


class ForeignDevice:
    """A terminal with something else than a head behind it."""

    def __init__(self, says: bytes) -> None:
        self._says = says
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            os.write(self._master, self._says)

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)


@pytest.mark.parametrize(
    ("says", "reason"), [(b"hello\r\n\0", "something else"), (b"", "nothing on this port")]
)
def test_a_port_that_is_not_ours_is_refused(
    says: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion_core.head.link.HELLO_TIME", 0.3)
    device = ForeignDevice(says)
    head = SerialHead(device.path)
    try:
        head.open()
        wait_for(lambda: reason in head.state().message)
        assert not head.state().connected
    finally:
        head.close()
        device.close()


def test_of_several_ports_the_head_is_found(
    head: SimulatedHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first candidate is something else, the second does not exist, the third is the head."""
    monkeypatch.setattr("emotion_core.head.link.HELLO_TIME", 0.5)
    path = str(head._link_path)
    head.serial.close()
    device = ForeignDevice(b"not a head\0")
    finder = SerialHead(None, find=lambda: [device.path, "/dev/does_not_exist", path])
    try:
        finder.open()
        wait_for(lambda: finder.state().connected)
        assert finder.port == path
    finally:
        finder.close()
        device.close()


def test_a_port_in_use_says_so(head: SimulatedHead) -> None:
    second = SerialHead(str(head._link_path))
    second.open()
    try:
        wait_for(lambda: "in use" in second.state().message)
    finally:
        second.close()
    assert head.state().connected


def test_a_port_that_does_not_exist_is_waited_for(tmp_path: Path) -> None:
    head = SerialHead(str(tmp_path / "port"))
    head.open()
    try:
        wait_for(lambda: "No such file" in head.state().message)
        head.command(0.1, 0.1, BLACK, 1)
        assert head.state().commands_sent == 1
        assert head._thread is not None
        assert head._thread.is_alive()
    finally:
        head.close()


def test_without_a_board_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port.list_ports, "comports", list)
    head = SerialHead(None)
    head.open()
    try:
        wait_for(lambda: "no board found" in head.state().message)
    finally:
        head.close()


def test_specifications_of_the_command_line() -> None:
    assert isinstance(create_head("virtual"), VirtualHead)
    assert isinstance(create_head("sim"), SimulatedHead)
    assert isinstance(create_head("serial:/dev/ttyACM0"), SerialHead)
    assert isinstance(create_head("serial"), SerialHead)
    assert create_head("none") is None
    for wrong in ("", "serial:", "Sim", "virtual:1"):
        with pytest.raises(ValueError, match="none of virtual"):
            create_head(wrong)


def test_a_build_without_the_simulator_is_refused(firmware: FirmwareBuild) -> None:
    head = SimulatedHead(build=FirmwareBuild(firmware.elf, firmware.hex, None))
    with pytest.raises(FirmwareError, match="without the simulator"):
        head.open()


def test_calibration_is_stored_on_the_board(firmware: FirmwareBuild, tmp_path: Path) -> None:
    head = SimulatedHead(build=firmware, limits=wide_limits(), eeprom=tmp_path / "eeprom")
    head.open()
    prompts: list[str] = []
    pan = ["++", "enter", "r", "enter", "enter", "-", "enter", "++", "enter"]
    tilt = ["--", "enter", "enter", "+", "enter", "enter", "enter"]
    keys = iter([*pan, *tilt])
    try:
        wait_for(lambda: head.state().connected)
        stored = calibrate(head.serial, lambda: next(keys), prompts.append)
        assert stored is not None
        assert stored[SettingsGroup.PAN].trim_us == 20
        assert stored[SettingsGroup.PAN].scale_us_per_rad == -637
        assert stored[SettingsGroup.TILT].trim_us == -20
        assert stored[SettingsGroup.TILT].scale_us_per_rad == 640
        boots = head.state().boot_count
        head.inject("reset")
        wait_for(lambda: head.state().boot_count == boots + 1 and head.state().connected)
        for group, settings in stored.items():
            assert head.serial.read_axis(group) == settings
        gave_up = calibrate(head.serial, iter(["++", "enter", "q"]).__next__, prompts.append)
        assert gave_up is None
        for group, settings in stored.items():
            assert head.serial.read_axis(group) == settings
    finally:
        head.close()
    assert any("straight ahead" in prompt for prompt in prompts)
