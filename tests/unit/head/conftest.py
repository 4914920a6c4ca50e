"""A link that has completed its handshake."""

from __future__ import annotations

import pytest
from link_rig import Rig

from emotion_core.head.link_report import Phase


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.run(0.01)
    assert rig.link.phase is Phase.LINKED
    rig.heard.clear()
    return rig
