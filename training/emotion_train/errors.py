"""What all errors of this package have in common."""

from __future__ import annotations


class TrainingError(Exception):
    """Data, files or settings cannot be used; the message names what and why."""
