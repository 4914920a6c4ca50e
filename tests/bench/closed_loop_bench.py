"""The head follows the face of the built-in scene: through camera, perception, gaze and servo."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from emotion_core.head.response import step_response, tracking_error
from emotion_core.vision.scene_modes import parse_mode

from .live import LiveRun, run_live

STEP_DEGREES = 30.0
STEP_SECONDS = 4.0
SINE_DEGREES = 20.0
SINE_HERTZ = 0.2
SETTLED_DEGREES = 2.0
_SETTLING_IN_SECONDS = 3.0


def run(head: str = "virtual") -> dict[str, Any]:
    """Measure both responses.

    Args:
        head: as for `emotion-bot up --head`.

    Returns:
        Figures of the step and the sine; angles in degrees, times in s.
    """
    step_mode = f"step:{STEP_DEGREES:g},time={STEP_SECONDS:g}"
    step_run = run_live("--source", f"scene:{step_mode}", "--head", head, "--duration", "9")
    step = step_response(
        step_run.times, _azimuth(step_run, step_mode), step_run.pan, math.radians(SETTLED_DEGREES)
    )
    sine_mode = f"sine:{SINE_DEGREES:g},frequency={SINE_HERTZ:g}"
    sine_run = run_live("--source", f"scene:{sine_mode}", "--head", head, "--duration", "18")
    moving = sine_run.times > sine_run.report["first_capture_s"] + _SETTLING_IN_SECONDS
    sine = tracking_error(
        sine_run.times[moving], _azimuth(sine_run, sine_mode)[moving], sine_run.pan[moving]
    )
    return {
        "head": head,
        "step_deg": round(math.degrees(step.amplitude), 1),
        "overshoot_deg": round(math.degrees(step.overshoot), 2),
        "settling_time_s": round(step.settling_time, 3),
        "sine_rms_deg": round(math.degrees(sine.rms), 2),
        "sine_lag_s": round(sine.lag, 3),
        "capture_to_head_ack_ms": sine_run.report["latency_ms"]["capture_to_head_ack"],
        "frames_dropped": step_run.report["frames_dropped"] + sine_run.report["frames_dropped"],
    }


def _azimuth(live: LiveRun, mode: str) -> np.ndarray:
    path = parse_mode(mode).people[0].path
    return np.array([path.at(max(t, 0.0))[0] for t in live.times - live.report["first_capture_s"]])
