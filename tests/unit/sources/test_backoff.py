"""Pauses between attempts to open a device."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.capture.backoff import Backoff

pytestmark = pytest.mark.unit


@settings(deadline=None)
@given(st.floats(0.01, 5), st.floats(1, 4), st.floats(5, 100), st.integers(1, 10_000))
def test_pauses_grow_up_to_the_maximum(
    first: float, factor: float, maximum: float, failures: int
) -> None:
    backoff = Backoff(first, factor, maximum)
    assert backoff.pause(1) == first
    assert backoff.pause(failures) <= backoff.pause(failures + 1) <= maximum


@pytest.mark.parametrize("values", [(0.0, 2.0, 1.0), (2.0, 2.0, 1.0), (1.0, 0.5, 2.0)])
def test_impossible_backoff(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Backoff(*values)
