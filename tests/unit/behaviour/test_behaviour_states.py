from pathlib import Path

import pytest
import yaml
from driving import Sequence, in_order

from emotion_core.behaviour.tree import State

pytestmark = pytest.mark.unit

TABLE = yaml.safe_load((Path(__file__).parent / "sequences.yaml").read_text())


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_states(row, companion):
    inputs = {key: row[key] for key in ("rows", "voice", "requests") if key in row}
    postures = Sequence(until=row["until"], **inputs).drive(companion)
    assert in_order(posture.state.value for posture in postures) == row["states"]
    if "emotions" in row:
        answered = in_order(p.emotion.value for p in postures if p.emotion is not None)
        assert answered == row["emotions"]


def test_the_table_reaches_every_state():
    assert {state for row in TABLE for state in row["states"]} == {s.value for s in State}
