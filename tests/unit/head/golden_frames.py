"""The golden frames of ``firmware/vectors.json`` and the strategies for frames of any content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from emotion_core.head.protocol.framing import MAX_PAYLOAD

VECTORS = json.loads(
    (Path(__file__).parents[3] / "firmware" / "vectors.json").read_text(encoding="utf-8")
)
payloads = st.binary(max_size=MAX_PAYLOAD)
bytes_ = st.integers(0, 255)


def golden(kind: str, values: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(value, id=f"{kind}: {value['name']}") for value in values]
