"""Figures of a bench as rows for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(figures: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return (dotted name, value) of everything in nested mappings, in their order."""
    rows: list[tuple[str, Any]] = []
    for key, value in figures.items():
        if isinstance(value, Mapping):
            rows += flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Return the ratio of two measured values to two digits; None where one is unknown."""
    if numerator is None or not denominator:
        return None
    return round(numerator / denominator, 2)


def text(value: object) -> str:
    """Return a value as it is shown: four digits of a fraction, a dash for what is unknown."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return str(value)
