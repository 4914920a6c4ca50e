"""Set-points that stop send the head home, although the link to it stays alive."""

from __future__ import annotations

import pytest
from emotion_bot_msgs.msg import HeadCommand

from emotion_bot import stamps
from emotion_bot.pipeline.head import HeadPipeline
from emotion_core.head.virtual import VirtualHead

pytestmark = pytest.mark.unit

PERIOD = 0.02
TIMEOUT = 0.5


class Rig:
    def __init__(self) -> None:
        self.now = 100.0
        head = VirtualHead(lambda: self.now)
        head.open()
        self.pipeline = HeadPipeline(head, TIMEOUT)

    def run(self, seconds: float, pan: float | None = None) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            if pan is not None:
                self.pipeline.command(HeadCommand(pan=pan), self.now)
            self.pipeline.watch(self.now)
            self.pipeline.report()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_set_points_hold_the_head(rig: Rig) -> None:
    rig.run(3.0, pan=0.5)
    assert rig.pipeline.is_followed
    assert rig.pipeline.snapshot.pan == pytest.approx(0.5, abs=1e-3)


def test_a_short_gap_does_not_let_it_go(rig: Rig) -> None:
    rig.run(2.0, pan=0.5)
    rig.run(TIMEOUT - 2 * PERIOD)
    assert rig.pipeline.snapshot.pan == pytest.approx(0.5, abs=1e-3)


def test_without_set_points_it_goes_home_slowly_and_rests(rig: Rig) -> None:
    rig.run(2.0, pan=0.5)
    rig.run(TIMEOUT + 0.2)
    # 0.8 rad/s at most.
    assert 0.3 < rig.pipeline.snapshot.pan < 0.5
    assert not rig.pipeline.is_followed
    rig.run(1.5)
    assert rig.pipeline.snapshot.pan == pytest.approx(0.0, abs=1e-3)
    assert rig.pipeline.snapshot.parked
    assert not rig.pipeline.snapshot.powered


def test_the_next_set_point_wakes_it(rig: Rig) -> None:
    rig.run(2.0, pan=0.5)
    rig.run(4.0)
    rig.run(2.0, pan=-0.4)
    assert rig.pipeline.snapshot.pan == pytest.approx(-0.4, abs=1e-3)
    assert rig.pipeline.snapshot.powered
    assert not rig.pipeline.snapshot.parked


def test_a_head_that_was_never_steered_stays_as_it_is(rig: Rig) -> None:
    rig.run(3.0)
    assert not rig.pipeline.snapshot.parked
    assert not rig.pipeline.snapshot.powered


def test_reports_go_on_when_the_clock_is_set_back(rig: Rig) -> None:
    rig.run(1.0, pan=0.5)
    rig.now -= 3600.0
    reports = []
    for _ in range(10):
        rig.now += PERIOD
        reports.append(rig.pipeline.report())
    angles = [angles for angles, _ in reports if angles is not None]
    states = [state for _, state in reports if state is not None]
    assert len(angles) >= 9
    for message in (*angles, *states):
        assert abs(stamps.seconds_from_stamp(message.header.stamp) - rig.now) < 1.0
