"""Commands and their acknowledgements, with a board of a few lines at the other end of the link."""

from __future__ import annotations

import math
import struct

import pytest
from link_rig import BLACK, Rig

from emotion_core.head.protocol.framing import encode
from emotion_core.head.protocol.messages import FrameType, Status

pytestmark = pytest.mark.unit


def test_a_command_goes_out_at_once_and_its_ack_brings_the_stamp_back(rig: Rig) -> None:
    rig.command(0.5, stamp_ns=77)
    report = rig.link.report
    assert rig.targets() == [5000]
    assert (report.acked_stamp_ns, report.acked_time) == (77, rig.now)
    assert (report.statistics.sent, report.statistics.acked) == (1, 1)
    assert report.statistics.acked_at_once == 1


def test_only_the_newest_command_is_repeated(rig: Rig) -> None:
    rig.answer_acks = False
    for pan in (0.1, 0.2, 0.3):
        rig.command(pan)
        rig.run(0.005)
    rig.heard.clear()
    rig.run(0.2)
    assert set(rig.targets()) == {3000}
    assert len(rig.targets()) >= 3
    assert rig.link.report.statistics.lost == 1


def test_a_late_ack_of_an_older_command_counts(rig: Rig) -> None:
    rig.answer_acks = False
    rig.command(0.1, stamp_ns=1)
    first = rig.heard[-1][1].sequence
    rig.run(0.005)
    rig.command(0.2, stamp_ns=2)
    second = rig.heard[-1][1].sequence
    rig.say_ack(first, Status.OK)
    assert rig.link.report.acked_stamp_ns == 1
    rig.say_ack(second, Status.OK)
    rig.say_ack(second, Status.OK)
    assert rig.link.report.acked_stamp_ns == 2
    assert rig.link.report.statistics.acked == 2


def test_acks_go_on_when_the_computers_clock_was_set_back(rig: Rig) -> None:
    rig.command(0.1, stamp_ns=7_200_000_000_000)
    rig.run(0.005)
    rig.command(0.2, stamp_ns=3_600_000_000_000)
    assert rig.link.report.acked_stamp_ns == 3_600_000_000_000
    assert rig.link.report.acked_time == rig.now


def test_the_set_point_stands_for_a_lost_ack(rig: Rig) -> None:
    rig.answer_acks = False
    rig.command(0.25, stamp_ns=9)
    sequence = rig.heard[-1][1].sequence
    other = struct.pack("<hhB", 1000, 0, sequence)
    rig.link.receive(encode(FrameType.SET_POINT, 0, other), rig.now)
    assert rig.link.report.acked_stamp_ns == 0, "another target with the same number is none"
    same = struct.pack("<hhB", 2500, 0, sequence)
    rig.link.receive(encode(FrameType.SET_POINT, 0, same), rig.now)
    assert rig.link.report.acked_stamp_ns == 9
    assert rig.link.report.statistics.acked_at_once == 1


def test_commands_that_come_too_fast_are_merged_into_the_newest(rig: Rig) -> None:
    for index in range(100):
        rig.link.command(index * 0.001, 0.0, BLACK, index + 1, rig.now)
        rig.run(0.0001, step=0.0001)
    rig.run(0.01)
    assert len(rig.targets()) <= 8
    assert rig.targets()[-1] == 990
    assert rig.link.report.acked_stamp_ns == 100


def test_after_a_reset_only_a_fresh_command_is_repeated(rig: Rig) -> None:
    rig.command(0.4)
    rig.run(0.1)
    rig.linked = False
    rig.heard.clear()
    rig.run(0.3)
    assert rig.targets() == [4000]
    rig.run(2.0)
    rig.linked = False
    rig.heard.clear()
    rig.run(0.3)
    assert rig.targets() == []
    assert rig.link.report.statistics.acked == 1


def test_park_is_repeated_until_acknowledged_and_replaces_the_command(rig: Rig) -> None:
    rig.answer_acks = False
    rig.command(0.4)
    rig.run(0.01)
    rig.heard.clear()
    rig.link.park()
    rig.run(0.1)
    assert not rig.link.parked
    assert {frame.type for _, frame in rig.heard} == {FrameType.PARK}
    rig.answer_acks = True
    rig.run(0.05)
    assert rig.link.parked


def test_angles_are_clamped_here_too(rig: Rig) -> None:
    rig.command(9.0)
    assert rig.targets() == [13962]
    assert rig.link.report.limited


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused_and_replace_nothing(rig: Rig, wrong: float) -> None:
    rig.command(0.3)
    for arguments in ((wrong, 0.0, BLACK), (0.0, wrong, BLACK), (0.0, 0.0, (0.0, 0.0, wrong))):
        with pytest.raises(ValueError, match="finite"):
            rig.link.command(*arguments, 5, rig.now)
    assert rig.link.report.statistics.sent == 1
