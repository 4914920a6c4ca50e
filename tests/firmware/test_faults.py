"""Compiled firmware and the host's link when something goes wrong, in simulated time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from emotion_core.head.firmware_build import FirmwareBuild
from emotion_core.head.limits import AxisLimits
from emotion_core.head.link_report import RequestRefusedError
from emotion_core.head.protocol.framing import DELIMITER, encode
from emotion_core.head.protocol.messages import (
    Ack,
    AxisSettings,
    BoardSettings,
    Flag,
    FrameType,
    Message,
    Motion,
    SettingsGroup,
    Status,
    TouchInput,
    Welcome,
)
from emotion_core.head.protocol.payloads import parse, settings_payload

from . import lockstep, measure

pytestmark = pytest.mark.firmware


@pytest.fixture
def session(board: lockstep.Board) -> Iterator[measure.Session]:
    session = measure.Session(board)
    session.connect()
    return session


def ask(session: measure.Session, frame_type: FrameType, payload: bytes = b"") -> Message:
    future = session.link.request(frame_type, payload)
    session.run(0.3)
    return future.result(0)


def flags(session: measure.Session) -> Flag:
    motion = session.link.report.motion
    assert motion is not None
    return motion.flags


def test_a_silent_link_homes_within_550_ms_and_switches_off_at_five_seconds(
    firmware: FirmwareBuild,
) -> None:
    found = measure.silence(firmware.elf)
    assert 0.5 <= found.homing_starts <= 0.55
    assert 4.96 <= found.pulses_end <= 5.05  # the last pulse is the one before the switch


def test_the_way_home_is_slow_and_ends_straight_ahead(session: measure.Session) -> None:
    session.command(1.0)
    session.run(1.0)
    session.take_pulses(lockstep.PAN)
    session.silent = True
    session.run(4.0)
    angles = [measure.pulse_angle(pulse) for pulse in session.take_pulses(lockstep.PAN)]
    speeds = [(a - b) / 0.02 for a, b in itertools.pairwise(angles)]
    assert 0.7 < max(speeds) <= 0.8 + 0.05
    assert angles[-1] == pytest.approx(0.0, abs=0.001)


def test_pulses_begin_only_with_the_first_target(session: measure.Session) -> None:
    session.run(2.0)
    assert session.pulses == []
    session.command(0.1)
    session.run(0.1)
    assert session.pulses[0].width_us == pytest.approx(1500, abs=1)


def test_a_hung_firmware_stops_its_pulses_within_300_ms(firmware: FirmwareBuild) -> None:
    """Until the watchdog comes, the timer goes on with the last pulse."""
    found = measure.hang(firmware.elf)
    assert found.pulses_end <= 0.3
    assert found.linked_again <= 1.0


def test_after_a_hang_the_link_knows_of_the_reset_and_moves_on_command_only(
    session: measure.Session,
) -> None:
    session.command(0.5)
    session.run(1.0)
    boots = session.link.report.welcome
    session.board.hang()
    session.run(1.0)
    assert session.board.resets == 1
    welcome = session.link.report.welcome
    assert boots is not None
    assert welcome is not None
    assert welcome.boot_count == boots.boot_count + 1
    assert welcome.reset_cause & 0x08
    assert session.link.report.statistics.board_resets == 1
    session.pulses.clear()
    session.run(1.0)
    assert session.take_pulses(lockstep.PAN) == []
    session.command(-0.2)
    session.run(1.0)
    assert measure.pulse_angle(session.take_pulses(lockstep.PAN)[-1]) == pytest.approx(
        -0.2, abs=0.001
    )


def test_after_a_reset_commands_flow_again(session: measure.Session) -> None:
    for _ in range(5):
        session.command(0.5)
        session.run(0.3)
        session.board.reset()
        reset_at = session.board.time
        acked = session.link.report.statistics.acked
        while session.link.report.statistics.acked < acked + 1:
            session.command(0.2)
            session.run(0.033)
            assert session.board.time - reset_at < 1.0
    assert session.link.report.statistics.board_resets == 5


def test_commands_before_the_handshake_are_not_obeyed(board: lockstep.Board) -> None:
    measure.send_target(board, 5, 0.5)
    board.run(0.5)
    acks = [parse(frame) for _, frame in board.frames() if frame.type == FrameType.ACK]
    assert [ack.status for ack in acks if isinstance(ack, Ack)] == [Status.NOT_LINKED]
    assert board.pulses() == []


def test_another_protocol_version_is_refused(board: lockstep.Board) -> None:
    board.write(DELIMITER + encode(FrameType.HELLO, 1, bytes((2, 0, 7, 7, 7))))
    measure.send_target(board, 2, 0.5)
    board.run(0.5)
    messages = [parse(frame) for _, frame in board.frames() if frame.type < FrameType.MOTION]
    assert isinstance(messages[0], Welcome)
    assert messages[0].status is Status.VERSION
    assert isinstance(messages[1], Ack)
    assert messages[1].status is Status.NOT_LINKED
    assert board.pulses() == []


def test_park_goes_home_and_switches_off(session: measure.Session) -> None:
    session.command(0.8, 0.3)
    session.run(1.0)
    session.link.park()
    session.run(2.0)
    assert session.link.parked
    assert Flag.PARKED in flags(session)
    assert Flag.POWERED not in flags(session)
    session.pulses.clear()
    session.run(0.5)
    assert session.pulses == []


def test_settings_are_stored_over_resets(session: measure.Session) -> None:
    wanted = AxisSettings(AxisLimits(-0.5, 0.7, 2.0, 15.0), trim_us=40, scale_us_per_rad=-600)
    assert (
        ask(session, FrameType.WRITE_SETTINGS, settings_payload(SettingsGroup.PAN, wanted))
        == wanted
    )
    ask(session, FrameType.STORE_SETTINGS)
    session.run(0.5)
    session.board.reset()
    session.run(1.0)
    assert ask(session, FrameType.READ_SETTINGS, bytes((SettingsGroup.PAN,))) == wanted
    welcome = session.link.report.welcome
    assert welcome is not None
    assert not welcome.defaults_in_use
    assert welcome.pan_range == pytest.approx((-0.5, 0.7))
    session.command(0.6)
    session.run(1.0)
    pulse = session.take_pulses(lockstep.PAN)[-1]
    assert pulse.width_us == pytest.approx(1500 + 40 - 600 * 0.6, abs=1)


def test_torn_settings_leave_the_defaults(firmware: FirmwareBuild) -> None:
    with lockstep.Board(firmware.elf) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        wanted = AxisSettings(AxisLimits(-0.5, 0.7, 2.0, 15.0), trim_us=40)
        ask(session, FrameType.WRITE_SETTINGS, settings_payload(SettingsGroup.PAN, wanted))
        ask(session, FrameType.STORE_SETTINGS)
        session.run(0.5)
        eeprom = bytearray(board.eeprom)
    eeprom[7] ^= 0x10
    with lockstep.Board(firmware.elf, eeprom=bytes(eeprom)) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        welcome = session.link.report.welcome
        assert welcome is not None
        assert welcome.defaults_in_use
        assert welcome.pan_range == pytest.approx((-1.3962, 1.3962))


def test_settings_beyond_the_hard_bounds_or_while_moving_are_refused(
    session: measure.Session,
) -> None:
    beyond = bytes((0,)) + b"\x00\x80\xff\x7f" + bytes(8)
    with pytest.raises(RequestRefusedError, match="OUT_OF_BOUNDS"):
        ask(session, FrameType.WRITE_SETTINGS, beyond)
    session.command(1.2)
    session.run(0.1)
    future = session.link.request(
        FrameType.WRITE_SETTINGS,
        settings_payload(SettingsGroup.PAN, AxisSettings(measure.pan_limits())),
    )
    session.run(0.02)
    with pytest.raises(RequestRefusedError, match="BUSY"):
        future.result(0)


def test_touch_and_supply_are_reported(session: measure.Session) -> None:
    session.run(0.1)
    assert Flag.TOUCHED not in flags(session)
    session.board.set_touch(high=False)
    session.run(0.1)
    assert Flag.TOUCHED in flags(session)
    settings = BoardSettings(TouchInput.ACTIVE_HIGH, 15.0)
    ask(session, FrameType.WRITE_SETTINGS, settings_payload(SettingsGroup.BOARD, settings))
    assert Flag.TOUCHED not in flags(session)
    session.board.set_supply_pin(5.3 / 3)
    session.run(0.1)
    health = session.link.report.health
    assert health is not None
    assert health.supply_voltage == pytest.approx(5.3, abs=0.05)


def test_the_led_shows_the_colour_and_goes_out_with_the_pulses(session: measure.Session) -> None:
    now = session.board.time
    session.link.command(0.0, 0.0, (1.0, 0.5, 0.25), 1, now)
    session.run(0.1)
    assert session.board.led == (255, 128, 64)
    session.silent = True
    session.run(5.5)
    assert session.board.led == (0, 0, 0)


def test_telemetry_comes_fifty_times_a_second(session: measure.Session) -> None:
    times: dict[int, int] = {}
    for _ in range(100):
        session.board.run(0.05)
        for _, frame in session.board.frames():
            times[frame.type] = times.get(frame.type, 0) + 1
    for kind in (FrameType.MOTION, FrameType.SET_POINT, FrameType.HEALTH):
        assert 248 <= times[kind] <= 252


def test_the_profile_reported_is_the_pulse_shown(session: measure.Session) -> None:
    session.command(1.0)
    session.run(1.0)
    motion = session.link.report.motion
    assert isinstance(motion, Motion)
    shown = measure.pulse_angle(session.take_pulses(lockstep.PAN)[-1])
    assert motion.pan == pytest.approx(shown, abs=0.001)


def test_the_same_run_twice_is_the_same_to_the_bit(firmware: FirmwareBuild) -> None:
    def run() -> tuple[list[lockstep.Pulse], int]:
        with lockstep.Board(firmware.elf, seed=77) as board:
            board.run(0.05)
            session = measure.Session(board)
            session.connect()
            board.set_fault(lockstep.TO_BOARD, lockstep.FLIP, 0.01)
            board.set_fault(lockstep.TO_HOST, lockstep.DROP, 0.01)
            for index in range(40):
                session.command(0.02 * index)
                session.run(0.03)
            return session.pulses, board.cycle

    assert run() == run()
