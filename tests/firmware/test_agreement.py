"""Python and firmware agree: constants, the motion profile, and the virtual head's trajectories."""

from __future__ import annotations

import ctypes
import math
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion_core.head import limits, simulated, virtual
from emotion_core.head.axis import SERVO_FRAME, SUBUNITS, Axis
from emotion_core.head.firmware_build import FirmwareBuild
from emotion_core.head.limits import ACCELERATION_UNIT, ANGLE_UNIT, VELOCITY_UNIT, HeadLimits
from emotion_core.head.protocol import framing, payloads
from emotion_core.head.protocol.messages import AxisSettings, Flag, FrameType, Status

from . import lockstep, measure

pytestmark = pytest.mark.firmware

FIRMWARE = Path(__file__).parents[2] / "firmware"
SOURCE = "\n".join(
    (FIRMWARE / "head" / "src" / name).read_text(encoding="utf-8")
    for name in ("wire.h", "axis.h", "settings.h", "head_core.h")
)


def constant(name: str) -> int:
    match = re.search(rf"\b{name} = (-?(?:0x[0-9A-Fa-f]+|\d+))\b", SOURCE)
    assert match, f"the headers hold no constant {name}"
    return int(match[1], 0)


def test_the_defaults_are_the_same() -> None:
    factory = HeadLimits()
    for axis, name in ((factory.pan, "Pan"), (factory.tilt, "Tilt")):
        assert round(axis.minimum / ANGLE_UNIT) == constant(f"kDefault{name}Minimum")
        assert round(axis.maximum / ANGLE_UNIT) == constant(f"kDefault{name}Maximum")
        assert round(axis.max_velocity / VELOCITY_UNIT) == constant("kDefaultVelocity")
        assert round(axis.max_acceleration / ACCELERATION_UNIT) == constant("kDefaultAcceleration")
    assert AxisSettings(factory.pan).scale_us_per_rad == constant("kDefaultScale")
    assert constant("kDefaultScale") == simulated.SERVO_SCALE_US_PER_RAD
    assert constant("kCenterPulse") == 2 * simulated.CENTER_PULSE_US


def test_the_hard_bounds_are_the_same() -> None:
    bounds = {
        "kHardMaximumAngle": limits.HARD_MAXIMUM_ANGLE / ANGLE_UNIT,
        "kHardMinimumVelocity": limits.HARD_MINIMUM_VELOCITY / VELOCITY_UNIT,
        "kHardMaximumVelocity": limits.HARD_MAXIMUM_VELOCITY / VELOCITY_UNIT,
        "kHardMinimumAcceleration": limits.HARD_MINIMUM_ACCELERATION / ACCELERATION_UNIT,
        "kHardMaximumAcceleration": limits.HARD_MAXIMUM_ACCELERATION / ACCELERATION_UNIT,
    }
    assert {name: constant(name) for name in bounds} == {
        name: round(value) for name, value in bounds.items()
    }


def test_the_times_of_a_silent_link_are_the_same() -> None:
    assert constant("kSilentFramesUntilHoming") - 1 == round(virtual.SILENCE_UNTIL_HOMING / 0.02)
    assert constant("kSilentFramesUntilOff") - 1 == round(virtual.SILENCE_UNTIL_OFF / 0.02)
    match = re.search(r"kHomingPerFrame = velocity_per_frame\((\d+)\)", SOURCE)
    assert match
    assert int(match[1]) == round(virtual.HOMING_VELOCITY / VELOCITY_UNIT)


def test_the_protocol_constants_are_the_same() -> None:
    assert constant("kProtocolMajor") == payloads.PROTOCOL_MAJOR
    assert constant("kProtocolMinor") == payloads.PROTOCOL_MINOR
    assert constant("kMaxPayload") == framing.MAX_PAYLOAD
    words = {"kLimitedFlag": Flag.LIMITED}
    for flag in Flag:
        name = "k" + flag.name.title().replace("_", "") if flag.name else ""
        name = next((key for key, value in words.items() if value is flag), name)
        match = re.search(rf"\b{name} = 1 << (\d)", SOURCE)
        assert match, name
        assert 1 << int(match[1]) == flag
    for member in (*FrameType, *Status):
        name = "k" + "".join(part.title() for part in member.name.split("_"))
        values = re.findall(rf"\b{name} = (0x[0-9A-Fa-f]+|\d+)", SOURCE)
        assert member.value in [int(value, 0) for value in values], name


def test_profile_takes_the_same_steps_to_the_bit(firmware: FirmwareBuild) -> None:
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), "axis-library"], check=True)
    library = ctypes.CDLL(str(lockstep.BUILD / "test" / "libaxis.so"))
    draw = random.Random(6)
    for _ in range(60):
        axis_limits = limits.AxisLimits(
            -1.57,
            1.57,
            draw.randint(100, 7000) * VELOCITY_UNIT,
            draw.randint(50, 6000) * ACCELERATION_UNIT,
        )
        targets: list[int] = []
        while len(targets) < 2000:
            targets += [draw.randint(-15700, 15700)] * draw.randint(1, 40)
        count = len(targets)
        positions = (ctypes.c_int32 * count)()
        velocities = (ctypes.c_int32 * count)()
        library.axis_run(
            0,
            (ctypes.c_int16 * count)(*targets),
            count,
            ctypes.c_uint16(limits.velocity_to_wire(axis_limits.max_velocity)),
            ctypes.c_uint16(limits.acceleration_to_wire(axis_limits.max_acceleration)),
            positions,
            velocities,
        )
        axis = Axis(axis_limits)
        for index, target in enumerate(targets):
            axis.step(target * ANGLE_UNIT)
            subunit = ANGLE_UNIT / SUBUNITS
            assert round(axis.position / subunit) == positions[index]
            assert round(axis.velocity * 0.02 / subunit) == velocities[index]


def steps(index: int) -> tuple[float, float] | None:
    draw = random.Random(index)
    return (draw.uniform(-1.2, 1.2), draw.uniform(-0.4, 0.6)) if index % 25 == 0 else None


def sine(index: int) -> tuple[float, float]:
    angle = math.tau * 0.5 * index * SERVO_FRAME
    return 0.6 * math.sin(angle), 0.3 * math.cos(angle)


def one_target(index: int) -> tuple[float, float] | None:
    return (1.0, 0.5) if index == 0 else None


@pytest.mark.parametrize(
    ("plan", "silent_from"), [(steps, math.inf), (sine, math.inf), (one_target, 100)]
)
def test_virtual_head_and_firmware_are_within_a_degree(
    firmware: FirmwareBuild,
    plan: Callable[[int], tuple[float, float] | None],
    silent_from: float,
) -> None:
    """The same commands at the same times; compared is what the servo pulses show."""
    with lockstep.Board(firmware.elf) as board:
        board.run(0.05)
        session = measure.Session(board)
        session.connect()
        session.command(0.0)
        session.run(0.06)
        session.run_until(session.take_pulses(lockstep.PAN)[-1].start + SERVO_FRAME)
        model = virtual.VirtualHead(lambda: board.time)
        model.open()  # now, so that its servo frames begin where those of the board do
        model.command(0.0, 0.0, measure.BLACK, 1)
        session.run(3 * SERVO_FRAME)
        session.pulses.clear()
        start = board.time
        for index in range(450):
            wanted = plan(index)
            session.silent = index > silent_from
            if wanted is not None:
                session.command(*wanted)
                model.command(*wanted, measure.BLACK, 1)
            elif not session.silent:
                model.state()
            session.run_until(start + (index + 1) * SERVO_FRAME)
        pans = session.take_pulses(lockstep.PAN)
        tilts = session.take_pulses(lockstep.TILT)
        differences = [
            abs(measure.pulse_angle(pulse) - expected)
            for pan, tilt in zip(pans, tilts, strict=True)
            for pulse, expected in zip(
                (pan, tilt), model.position_at(pan.start + 0.01), strict=True
            )
        ]
        powered = model.state().powered
    assert math.degrees(max(differences)) <= 1.0
    if silent_from < math.inf:  # both switch their pulses off, and at the same time
        assert not powered
        switched_off = start + silent_from * SERVO_FRAME + virtual.SILENCE_UNTIL_OFF
        assert pans[-1].start == pytest.approx(switched_off, abs=0.15)
    else:
        assert len(pans) >= 445
