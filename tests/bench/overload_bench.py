"""The camera at multiples of its normal rate: what is dropped, and how fresh the rest is.

The head is simulated, the scene built in: pictures come as fast as the camera is asked for.
"""

from __future__ import annotations

import math
from typing import Any

from emotion_bot import capture_health

from .figures import ratio
from .live import LiveRun, run_live

NORMAL_FPS = 30.0
LOADS = (1, 2, 4)
SECONDS = 12.0
TWICE = 2
_RATED = ("capture_to_expression", "capture_to_head_ack")


def run(seconds: float = SECONDS) -> dict[str, Any]:
    """Run the robot on the built-in scene at 30, 60 and 120 frames/s.

    Args:
        seconds: of each run.

    Returns:
        ``loads`` by multiple of 30 frames/s: ``asked_fps``, ``captured_fps`` of the camera,
        ``answered_fps`` of the faces node, ``frames_captured``, ``frames_dropped`` (for whatever
        reason), of these ``dropped_by_camera`` (replaced by a newer frame before they were sent)
        and ``passed_over`` by the faces node, and ``latency_ms``.
        ``p95_ratio_at_twice`` and ``p95_ratio_at_most``: the latencies' p95 at twice and at the
        highest load, divided by that at the normal one. ``captured_ratio_at_twice`` and
        ``captured_ratio_at_most``: the same of the camera's rates, since a busy machine draws the
        scene more slowly than asked.

    Raises:
        RuntimeError: if the robot fails.
    """
    loads = {str(load): _at(load * NORMAL_FPS, seconds) for load in LOADS}
    return {
        "loads": loads,
        "p95_ratio_at_twice": _p95_ratios(loads, TWICE),
        "p95_ratio_at_most": _p95_ratios(loads, max(LOADS)),
        "captured_ratio_at_twice": _captured_ratio(loads, TWICE),
        "captured_ratio_at_most": _captured_ratio(loads, max(LOADS)),
    }


def _at(fps: float, seconds: float) -> dict[str, Any]:
    live = run_live(
        "--source", "scene:walk", "--mic", "none", "--head", "sim", "--no-dashboard",
        "--duration", f"{seconds:g}",
        parameters={"camera": {"fps": fps}},
    )  # fmt: skip
    return {"asked_fps": fps, **losses(live), "latency_ms": live.report["latency_ms"]}


def losses(live: LiveRun) -> dict[str, Any]:
    """Return the rates of a run and where its frames went."""
    return {
        "captured_fps": _rounded(live.health.rate("camera", capture_health.CAPTURED)),
        "answered_fps": _rounded(live.health.rate("faces", "frames")),
        "frames_captured": live.report["frames_captured"],
        "frames_dropped": live.report["frames_dropped"],
        "dropped_by_camera": live.health.count("camera", capture_health.DROPPED),
        "passed_over": live.health.count("faces", "frames_passed_over"),
    }


def _rounded(rate: float) -> float | None:
    # JSON has no NaN.
    return None if math.isnan(rate) else round(rate, 1)


def _captured_ratio(loads: dict[str, Any], load: int) -> float | None:
    return ratio(loads[str(load)]["captured_fps"], loads["1"]["captured_fps"])


def _p95_ratios(loads: dict[str, Any], load: int) -> dict[str, float | None]:
    normal, loaded = (loads[str(name)]["latency_ms"] for name in (1, load))
    return {name: ratio(loaded[name]["p95"], normal[name]["p95"]) for name in _RATED}
