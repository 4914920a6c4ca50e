"""The shipped reactions and a companion that follows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import SHIPPED

from emotion_core.behaviour.companion import Companion
from emotion_core.behaviour.reactions import Reactions
from emotion_core.behaviour.reactions_file import load_reactions


@pytest.fixture(scope="session")
def shipped() -> Reactions:
    return load_reactions(SHIPPED)


@pytest.fixture
def companion(shipped: Reactions) -> Iterator[Companion]:
    companion = Companion(shipped)
    yield companion
    companion.close()
