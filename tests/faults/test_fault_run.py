"""The short form of the fault run; `make soak` is the long one."""

import random

import pytest

from emotion_core.head.firmware_build import missing_for_build

from .run import FaultRun

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAULTS = 9
PATIENCE_SECONDS = 60.0
NEVER_JUDGED = 10**9
"""Samples of a process; in so short a run nothing can be said about growth."""


@pytest.fixture
def seed():
    return random.randrange(2**32)


@pytest.mark.timeout(600)
@pytest.mark.skipif(
    bool(missing_for_build(simulator=True)), reason="the head's board cannot be simulated here"
)
def test_the_robot_recovers_from_every_fault_and_keeps_its_promises(tmp_path, seed):
    print(f"seed {seed}")  # noqa: T201
    run = FaultRun(tmp_path, seed, PATIENCE_SECONDS)
    try:
        run.start()
        run.inject(run.faults()[-FAULTS:], print)
    finally:
        result = run.finish(NEVER_JUDGED)
    assert not [outcome for outcome in result.outcomes if outcome.recovery is None]
    assert not [outcome for outcome in result.outcomes if outcome.troubles]
    assert result.troubles == []
    assert len(result.outcomes) == FAULTS
    assert result.positions > 100
    assert result.messages > 100
