"""Latency of every stage and cost of every node: the robot on a video, with the simulated head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .live import run_live

SECONDS = 18.0


def run(clip: Path, seconds: float = SECONDS) -> dict[str, Any]:
    """Run the robot with the face alone, then with the whole stack.

    Args:
        clip: a video with a sound track.
        seconds: of each run.

    Returns:
        ``face_only`` and ``whole_stack``, each with ``latency_ms`` of every stage, ``nodes``
        (``cpu_percent`` of one core and ``rss_mb``, the peak of resident memory, by node),
        ``cpu_percent`` of all, ``frames_captured`` and ``frames_dropped``.

    Raises:
        RuntimeError: if the robot fails.
    """
    source = f"video:{clip}"
    return {
        "face_only": _run(source, seconds, "--mic", "none", "--no-dashboard"),
        "whole_stack": _run(source, seconds),
    }


def _run(source: str, seconds: float, *arguments: str) -> dict[str, Any]:
    live = run_live("--source", source, "--head", "sim", *arguments, "--duration", f"{seconds:g}")
    return {
        "latency_ms": live.report["latency_ms"],
        "nodes": live.usage,
        "cpu_percent": round(sum(node["cpu_percent"] for node in live.usage.values()), 1),
        "frames_captured": live.report["frames_captured"],
        "frames_dropped": live.report["frames_dropped"],
        "restarts": live.report["restarts"],
    }
