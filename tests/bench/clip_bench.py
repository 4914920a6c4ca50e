"""The robot on a recorded video: losses, rates, latencies, processor time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .live import run_live


def run(clip: Path) -> dict[str, Any]:
    """Run the robot on 18 s of a video with the virtual head and return the run's report."""
    return run_live(
        "--source", f"video:{clip}", "--mic", "none", "--head", "virtual", "--duration", "18"
    ).report
