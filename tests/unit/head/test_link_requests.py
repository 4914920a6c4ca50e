"""Requests for settings: answered, refused, or failed."""

from __future__ import annotations

import pytest
from link_rig import Rig

from emotion_core.head.limits import HeadLimits
from emotion_core.head.link_report import LinkError, RequestRefusedError
from emotion_core.head.protocol.framing import encode
from emotion_core.head.protocol.messages import AxisSettings, FrameType, SettingsGroup, Status
from emotion_core.head.protocol.payloads import settings_payload

pytestmark = pytest.mark.unit


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
