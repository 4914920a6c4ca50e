"""The link's decisions, with a board of a few lines at the other end and a clock by hand."""

from __future__ import annotations

import itertools
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.head import link as link_module
from emotion_core.head.limits import HeadLimits
from emotion_core.head.link import HeadLink, LinkError, Phase, RequestRefusedError
from emotion_core.head.protocol import (
    AxisSettings,
    Frame,
    FrameReader,
    FrameType,
    ProtocolVersionError,
    SettingsGroup,
    Status,
    encode,
    settings_payload,
)

pytestmark = pytest.mark.unit

BLACK = (0.0, 0.0, 0.0)
TELEMETRY = 0.02


def welcome_payload(boot: int = 1, protocol: tuple[int, int] = (1, 0)) -> bytes:
    status = Status.OK if protocol[0] == 1 else Status.VERSION
    return struct.pack(
        "<7B2H4h", status, *protocol, 1, 0, 0, 1, boot, 0, -13962, 13962, -5235, 6981
    )


class Rig:
    """A link and a board that answers, unless told otherwise."""

    def __init__(self) -> None:
        self.now = 10.0
        self.link = HeadLink()
        self.reader = FrameReader()
        self.heard: list[tuple[float, Frame]] = []
        self.deaf = False
        self.linked = False
        self.boot = 1
        self.answer_acks = True
        self.telemetry = True
        self.protocol = (1, 0)
        self.link.opened(self.now)

    def run(self, duration: float, step: float = 0.001) -> None:
        end = self.now + duration
        while self.now < end - 1e-9:
            self.exchange()
            self.now += step
            if self.telemetry and round(self.now / step) % round(TELEMETRY / step) == 0:
                flags = 0x40 if self.linked else 0
                self.link.receive(encode(FrameType.MOTION, 0, bytes(4) + bytes((flags,))), self.now)

    def exchange(self) -> None:
        for frame in self.reader.push(self.link.outgoing(self.now)):
            if self.deaf:
                continue
            self.heard.append((self.now, frame))
            self.answer(frame)

    def answer(self, frame: Frame) -> None:
        if frame.type == FrameType.HELLO:
            self.linked = self.protocol[0] == 1
            payload = welcome_payload(self.boot, self.protocol)
            self.link.receive(encode(FrameType.WELCOME, frame.sequence, payload), self.now)
        elif self.answer_acks:
            status = Status.OK if self.linked else Status.NOT_LINKED
            self.say_ack(frame.sequence, status)

    def say_ack(self, sequence: int, status: Status) -> None:
        payload = bytes((status, 0x40)) + bytes(4)
        self.link.receive(encode(FrameType.ACK, sequence, payload), self.now)

    def command(self, pan: float, stamp_ns: int = 1) -> None:
        self.link.command(pan, 0.0, BLACK, stamp_ns, self.now)
        self.exchange()

    def targets(self) -> list[int]:
        return [
            struct.unpack_from("<h", frame.payload)[0]
            for _, frame in self.heard
            if frame.type == FrameType.TARGET
        ]


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.run(0.01)
    assert rig.link.phase is Phase.LINKED
    rig.heard.clear()
    return rig


def test_hello_is_repeated_until_the_board_answers() -> None:
    rig = Rig()
    rig.deaf, rig.telemetry = True, False
    rig.run(1.05)
    assert rig.link.phase is Phase.HANDSHAKE
    rig.deaf = False
    rig.run(0.11)
    assert rig.link.phase is Phase.LINKED
    assert rig.link.report.statistics.handshakes == 1
    assert rig.link.message == ""


@pytest.mark.parametrize(
    ("bytes_per_poll", "reason"),
    [(b"", "nothing on this port"), (b"x=90,y=45\r\n\0", "something else than a head")],
)
def test_what_does_not_answer_is_refused_in_time(bytes_per_poll: bytes, reason: str) -> None:
    link = HeadLink()
    link.opened(0.0)
    for step in range(300):
        link.receive(bytes_per_poll, step * 0.01)
        link.outgoing(step * 0.01)
    with pytest.raises(LinkError, match=reason):
        link.outgoing(3.02)


def test_nothing_but_hello_is_sent_before_the_handshake() -> None:
    rig = Rig()
    rig.deaf, rig.telemetry = True, False
    sent = FrameReader()
    rig.link.command(0.5, 0.0, BLACK, 1, rig.now)
    for _ in range(200):
        frames = list(sent.push(rig.link.outgoing(rig.now)))
        assert all(frame.type == FrameType.HELLO for frame in frames)
        rig.now += 0.01


def test_another_version_is_refused_with_what_to_do() -> None:
    rig = Rig()
    rig.protocol = (2, 0)
    with pytest.raises(ProtocolVersionError, match=r"2\.0.*1\.0"):
        rig.run(0.2)
    assert rig.link.phase is Phase.REFUSED
    assert rig.link.outgoing(rig.now + 5) == b""


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


def test_an_idle_link_is_kept_alive(rig: Rig) -> None:
    rig.run(3.0)
    times = [time for time, _ in rig.heard]
    assert all(frame.type == FrameType.HEARTBEAT for _, frame in rig.heard)
    assert max(b - a for a, b in itertools.pairwise(times)) <= 0.1
    assert rig.link.report.statistics.lost == 0


def test_silence_of_the_board_starts_a_new_handshake(rig: Rig) -> None:
    rig.deaf, rig.telemetry = True, False
    rig.run(0.45)
    assert rig.link.phase is Phase.HANDSHAKE
    assert "silent" in rig.link.message
    rig.deaf, rig.telemetry = False, True
    rig.run(0.2)
    assert rig.link.phase is Phase.LINKED


@pytest.mark.parametrize("told_by", ["telemetry", "ack"])
def test_a_reset_of_the_board_is_noticed_at_once(rig: Rig, told_by: str) -> None:
    rig.linked, rig.boot = False, 2
    if told_by == "ack":
        rig.telemetry = False
        rig.command(0.4)
    rig.run(0.15)
    assert rig.link.phase is Phase.LINKED
    assert rig.link.report.statistics.board_resets == 1
    assert rig.link.report.welcome is not None
    assert rig.link.report.welcome.boot_count == 2


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


def test_requests_are_answered_refused_or_fail(rig: Rig) -> None:
    settings = AxisSettings(HeadLimits().pan)
    payload = settings_payload(SettingsGroup.PAN, settings)
    rig.answer_acks = False
    future = rig.link.request(FrameType.READ_SETTINGS, b"\0")
    rig.run(0.15)
    asked = [frame for _, frame in rig.heard if frame.type == FrameType.READ_SETTINGS]
    assert len(asked) == 2
    sequence = asked[0].sequence
    rig.link.receive(encode(FrameType.SETTINGS, sequence, payload), rig.now)
    assert future.result(0) == settings

    refused = rig.link.request(FrameType.WRITE_SETTINGS, payload)
    rig.run(0.01)
    rig.say_ack(rig.heard[-1][1].sequence, Status.BUSY)
    with pytest.raises(RequestRefusedError, match="WRITE_SETTINGS: BUSY"):
        refused.result(0)

    unanswered = rig.link.request(FrameType.STORE_SETTINGS)
    rig.run(1.5)
    with pytest.raises(LinkError, match="no answer"):
        unanswered.result(0)

    cut_off = rig.link.request(FrameType.STORE_SETTINGS)
    rig.link.closed("the cable was pulled")
    with pytest.raises(LinkError, match="cable"):
        cut_off.result(0)
    with pytest.raises(LinkError, match="cable"):
        rig.link.request(FrameType.STORE_SETTINGS).result(0)


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


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_leave_the_link_working(chunks: list[bytes]) -> None:
    rig = Rig()
    rig.run(0.01)
    for chunk in chunks:
        rig.link.receive(chunk, rig.now)
        rig.run(0.004)
    rig.link.receive(b"\0", rig.now)
    rig.command(0.2, stamp_ns=3)
    rig.run(0.2)
    assert rig.link.phase is Phase.LINKED
    assert rig.link.report.acked_stamp_ns == 3


def test_intervals_fit_each_other() -> None:
    assert link_module.HEARTBEAT_INTERVAL <= 0.1
    assert link_module.SILENCE_LIMIT < 0.5
    assert link_module.TRIES * link_module.RETRY_INTERVAL < 0.1
