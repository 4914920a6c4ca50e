"""The link's decisions, with a board of a few lines at the other end and a clock by hand."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_rig import BLACK, Rig

from emotion_core.head import link as link_module
from emotion_core.head import link_commands
from emotion_core.head.link import HeadLink
from emotion_core.head.link_report import LinkError, Phase
from emotion_core.head.protocol.framing import FrameReader
from emotion_core.head.protocol.messages import FrameType
from emotion_core.head.protocol.payloads import ProtocolVersionError

pytestmark = pytest.mark.unit


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
    assert link_commands.TRIES * link_commands.RETRY_INTERVAL < 0.1
