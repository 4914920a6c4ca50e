"""The gaze in simulated time: with ideal detections, and with rendered pictures and the tracker."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

import cv2

from emotion_core.head.closed_loop import LoopParameters, Observer, simulate
from emotion_core.head.response import step_response, tracking_error
from emotion_core.resources import cache_directory
from emotion_core.vision.mtcnn import MtcnnDetector, MtcnnVerifier
from emotion_core.vision.scene import Scene
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.tracking import FaceTracker

STEP = "step:30,time=3"
SINE = "sine:20,frequency=0.2"
SETTLED = math.radians(2)
NOISE = math.radians(0.3)
LATENCIES = (0.06, 0.1, 0.15)
_SETTLING_IN = 3.0


def run() -> dict[str, Any]:
    """Measure the loop.

    Returns:
        Figures by latency and kind of perception, angles in degrees, times in s, and the cost of
        rendering one picture on one core in ms.
    """
    ideal = {
        f"{latency * 1000:.0f}ms": _figures(LoopParameters(latency=latency, noise=NOISE))
        for latency in LATENCIES
    }
    return {
        "ideal_detection": ideal,
        "rendered_and_tracked_100ms": _figures(LoopParameters(latency=0.1), perceive=True),
        "scene_render_ms": render_cost(),
    }


def render_cost(pictures: int = 60) -> dict[str, float]:
    """Return the median processor time to render a picture, ms, by what it shows."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        costs = {}
        for name, mode, pan, tilt in (
            ("one_face", "still", 0.0, 0.0),
            ("two_faces", "two", 0.0, 0.0),
            ("corner", "still:40", math.radians(40), math.radians(10)),
        ):
            scene = Scene(parse_mode(mode))
            times = []
            for _ in range(pictures):
                start = time.thread_time()
                scene.render(0.0, pan, tilt)
                times.append(time.thread_time() - start)
            costs[name] = round(sorted(times)[pictures // 2] * 1000, 2)
        return costs
    finally:
        cv2.setNumThreads(threads)


def _figures(loop: LoopParameters, perceive: bool = False) -> dict[str, float]:
    step_trace = simulate(
        parse_mode(STEP).people[0].path, 7.0, loop=loop, observer=_observer(STEP, perceive)
    )
    step = step_response(step_trace.time, step_trace.target_pan, step_trace.pan, SETTLED)
    sine_trace = simulate(
        parse_mode(SINE).people[0].path, 13.0, loop=loop, observer=_observer(SINE, perceive)
    )
    moving = sine_trace.time > _SETTLING_IN
    sine = tracking_error(
        sine_trace.time[moving], sine_trace.target_pan[moving], sine_trace.pan[moving]
    )
    return {
        "overshoot_deg": round(math.degrees(step.overshoot), 2),
        "settling_time_s": round(step.settling_time, 3),
        "sine_rms_deg": round(math.degrees(sine.rms), 2),
        "sine_max_deg": round(math.degrees(sine.maximum), 2),
        "sine_lag_s": round(sine.lag, 3),
    }


def _observer(mode: str, perceive: bool) -> Observer | None:
    """Return the robot's own perception of the rendered scene."""
    if not perceive:
        return None
    scene = Scene(parse_mode(mode))
    cache = cache_directory() / "mtcnn"
    tracker = FaceTracker(MtcnnDetector(cache), MtcnnVerifier(cache))

    def observe(moment: float, pose: tuple[float, float]) -> tuple[float, float] | None:
        faces = tracker.update(scene.render(moment, *pose), moment)
        if not faces:
            return None
        u, v = faces[0].box.center
        # A box counts from the edge of the first pixel, the camera from its centre.
        return u - 0.5, v - 0.5

    return observe


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
