"""The figures that the compiled firmware promises, in simulated time: the same on every machine."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from emotion_core.head.axis import SERVO_FRAME
from emotion_core.head.firmware_build import FirmwareBuild
from emotion_core.head.limits import ANGLE_UNIT
from emotion_core.head.protocol.framing import DELIMITER, encode
from emotion_core.head.protocol.messages import FrameType

from . import lockstep, measure

pytestmark = [pytest.mark.firmware, pytest.mark.slow]

PULSE_STEP_US = 0.5
"""Resolution of the servo timer."""
EDGE_US = 0.2
"""How far the simulator may show an edge from where it is: one instruction at each end."""


def test_a_command_is_acknowledged_within_two_and_a_half_milliseconds(
    firmware: FirmwareBuild,
) -> None:
    """At random times against servo frames and telemetry, the head always under way."""
    result = measure.round_trips(firmware.elf, rate=50, count=2000, jitter=0.5)
    assert result.lost == 0
    assert len(result.acks) == 2000
    assert measure.percentile(result.acks, 99) <= 2.5e-3


def test_five_hundred_commands_per_second_for_a_minute_lose_none(firmware: FirmwareBuild) -> None:
    result = measure.round_trips(firmware.elf, rate=500, count=30_000, jitter=0.0)
    assert result.lost == 0
    assert len(result.acks) == 30_000
    assert measure.percentile(result.acks, 99) <= 2.5e-3


def test_the_first_changed_pulse_has_ended_within_25_milliseconds(firmware: FirmwareBuild) -> None:
    latencies = measure.pulse_latencies(firmware.elf, count=300)
    assert measure.percentile(latencies, 99) <= 25e-3


def test_pulses_are_within_a_microsecond_of_the_commanded_angle(firmware: FirmwareBuild) -> None:
    draw = random.Random(8)
    angles = [draw.uniform(-1.39, 1.39) for _ in range(60)] + [-1.3962, 1.3962, 0.0, ANGLE_UNIT]
    errors = measure.pulse_errors_us(firmware.elf, angles)
    assert len(errors) == 2 * 5 * len(angles)
    assert max(map(abs, errors)) <= 1.0


def test_pulses_come_every_twenty_milliseconds(firmware: FirmwareBuild) -> None:
    with lockstep.Board(firmware.elf) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        session.command(0.4)
        session.run(5.0)
        starts = [pulse.start for pulse in session.take_pulses(lockstep.PAN)]
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert len(gaps) > 240
    assert all(abs(gap - SERVO_FRAME) < 1e-6 for gap in gaps)


def test_thirty_degrees_settle_without_overshoot(firmware: FirmwareBuild) -> None:
    response = measure.step_response(firmware.elf, math.radians(30))
    assert response.overshoot <= PULSE_STEP_US / measure.SCALE_US_PER_RAD
    assert response.settled <= 0.4


def test_pulses_show_no_more_speed_or_acceleration_than_allowed(firmware: FirmwareBuild) -> None:
    """The profile itself is checked exactly over 10^6 retargets in test_axis.cpp; the pulses show
    it rounded to half a microsecond, and the simulator its edges to an instruction.
    """
    found = measure.random_retargets(firmware.elf, 600)
    limits = measure.pan_limits()
    rounding = PULSE_STEP_US / measure.SCALE_US_PER_RAD
    error = (PULSE_STEP_US / 2 + EDGE_US) / measure.SCALE_US_PER_RAD  # of one pulse
    assert found.velocity <= limits.max_velocity + 2 * error / SERVO_FRAME
    assert found.acceleration <= limits.max_acceleration + 4 * error / SERVO_FRAME**2
    assert limits.minimum - rounding <= found.lowest < limits.minimum + 0.05
    assert limits.maximum - 0.05 < found.highest <= limits.maximum + rounding


def test_a_megabyte_of_noise_holds_no_frame(firmware: FirmwareBuild) -> None:
    assert measure.noise_accepted(firmware.elf, 1_000_000) == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_frame_after_a_burst_of_garbage_is_accepted(board: lockstep.Board, seed: int) -> None:
    measure.say_hello(board)
    draw = random.Random(seed)
    for index in range(20):
        board.write(draw.randbytes(draw.randint(1, 400)))
        measure.send_target(board, index, 0.1)
        board.run_until(board.line_free + 0.02)
        acknowledged = {
            frame.sequence for _, frame in board.frames() if frame.type == FrameType.ACK
        }
        assert index in acknowledged


def test_a_faulty_line_acknowledges_98_percent_at_once_and_all_within_three_tries(
    firmware: FirmwareBuild,
) -> None:
    run = measure.faulty_line(firmware.elf, probability=0.001, count=1500)
    assert run.acked_at_once >= 0.98 * run.commands
    assert run.acked == run.commands
    assert run.lost == 0


def test_repeated_and_late_bytes_do_no_harm(firmware: FirmwareBuild) -> None:
    with lockstep.Board(firmware.elf, seed=12) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        for direction in (lockstep.TO_BOARD, lockstep.TO_HOST):
            board.set_fault(direction, lockstep.DUPLICATE, 0.005)
            board.set_fault(direction, lockstep.DELAY, 0.02)
        for index in range(300):
            session.command(0.3 if index % 2 else -0.3)
            session.run(0.1)
        for direction in (lockstep.TO_BOARD, lockstep.TO_HOST):
            board.set_fault(direction, lockstep.DUPLICATE, 0)
            board.set_fault(direction, lockstep.DELAY, 0)
        session.command(0.25)
        session.run(1.0)
        statistics = session.link.report.statistics
        assert statistics.acked == statistics.sent
        last = session.take_pulses(lockstep.PAN)[-1]
    assert measure.pulse_angle(last) == pytest.approx(0.25, abs=0.001)


def test_a_full_line_of_commands_does_not_stop_the_servo_frames(board: lockstep.Board) -> None:
    """More commands than can be acknowledged: the pulses go on, and so does telemetry."""
    measure.say_hello(board)
    for index in range(2000):
        measure.send_target(board, index, 0.5)
        if index % 100 == 99:
            board.run_until(board.line_free - 0.02)
    board.run_until(board.line_free + 0.05)
    starts = [pulse.start for pulse in board.pulses() if pulse.channel == lockstep.PAN]
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert all(abs(gap - SERVO_FRAME) < 1e-6 for gap in gaps)
    kinds = [frame.type for _, frame in board.frames()]
    assert kinds.count(FrameType.MOTION) > 80
    assert board.rejected == 0


def test_flash_and_ram_are_within_their_limits(firmware: FirmwareBuild) -> None:
    """The build checks flash and variables; this is the RAM with the deepest stack of a session."""
    with lockstep.Board(firmware.elf) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        for index in range(100):
            session.command(1.0 if index % 20 < 10 else -1.0, 0.3)
            session.run(0.02)
        board.write(DELIMITER + encode(FrameType.STORE_SETTINGS, 9))
        session.run(7.0)
        used = 2048 - board.untouched_ram
    assert used <= 800
