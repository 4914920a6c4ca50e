"""What a run of the robot amounts to: rates, losses, latencies and head movement."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from emotion_core.affect import LABELS

_KEPT_SAMPLES = 100_000
_LOST_AFTER_SECONDS = 1.0
_PERCENTILES = (50, 95, 99)

LATENCIES = (
    "capture_to_faces",
    "capture_to_expression",
    "capture_to_head_command",
    "capture_to_head_ack",
)


def _samples() -> deque[float]:
    return deque(maxlen=_KEPT_SAMPLES)


@dataclass
class RunStatistics:
    """Collects what an observer of the topics sees. Stamps are ns, times s, on one clock.

    Memory is bounded: latencies keep the newest 100,000 samples of each kind.
    """

    first_capture: int | None = None
    frames_captured: int = 0
    frames_processed: int = 0
    frames_with_face: int = 0
    frames_dropped_by_camera: int = 0
    expressions: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    head_counters: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("commands", "acked", "lost"), 0)
    )
    pan_range: tuple[float, float] = (math.inf, -math.inf)
    _latencies: dict[str, deque[float]] = field(
        default_factory=lambda: {name: _samples() for name in LATENCIES}
    )
    _awaited: dict[int, float] = field(default_factory=dict)
    _answered_early: deque[int] = field(default_factory=lambda: deque(maxlen=64))
    _lost: int = 0
    _frame_times: deque[float] = field(default_factory=_samples)
    _expression_stamps: deque[float] = field(default_factory=_samples)
    _last_commanded: int = 0
    _last_acked: int = 0

    def frame_captured(self, stamp: int, now: float) -> None:
        """Note that the camera published the frame with this stamp."""
        if stamp in self._answered_early:
            self._answered_early.remove(stamp)
        else:
            self._note_capture(stamp, now)
            self._awaited[stamp] = now
        self._count_lost(now - _LOST_AFTER_SECONDS)

    def faces_found(self, stamp: int, count: int, now: float) -> None:
        """Note the answer to a frame: that many faces are in it."""
        self.frames_processed += 1
        self.frames_with_face += count > 0
        # Two topics have no common order: the answer may overtake the note of its frame, and the
        # notes of the first frames may pass before the observer is connected.
        if self._awaited.pop(stamp, None) is None:
            self._note_capture(stamp, now)
            self._answered_early.append(stamp)
        self._note_latency("capture_to_faces", stamp, now)

    def expression_read(self, stamp: int, label: str, now: float) -> None:
        """Note one person's expression; the label is one of `affect.LABELS`."""
        self.expressions += 1
        self.labels[label] += 1
        if not self._expression_stamps or self._expression_stamps[-1] != stamp * 1e-9:
            self._expression_stamps.append(stamp * 1e-9)
        self._note_latency("capture_to_expression", stamp, now)

    def head_commanded(self, stamp: int, now: float) -> None:
        """Note a set-point sent to the head; only the first for each frame tells the latency."""
        if stamp > self._last_commanded:
            self._last_commanded = stamp
            self._note_latency("capture_to_head_command", stamp, now)

    def head_reported(
        self, acked_stamp: int, acked_at: float, commands: int, acked: int, lost: int
    ) -> None:
        """Note the head's report: counters and the newest command it acknowledged, when."""
        self.head_counters = {"commands": commands, "acked": acked, "lost": lost}
        if acked_stamp > self._last_acked:
            self._last_acked = acked_stamp
            self._note_latency("capture_to_head_ack", acked_stamp, acked_at)

    def pan_measured(self, pan: float) -> None:
        """Note the head's pan angle, rad."""
        low, high = self.pan_range
        self.pan_range = (min(low, pan), max(high, pan))

    def frame_rate(self, now: float, window: float = 2.0) -> float:
        """Return frames per second over the last seconds."""
        recent = sum(1 for _ in _newer_than(self._frame_times, now - window))
        return recent / window

    def latest_latency_ms(self, name: str) -> float:
        """Return the newest sample of a latency, ms; NaN before the first."""
        samples = self._latencies[name]
        return samples[-1] if samples else math.nan

    def report(self, duration: float, now: float) -> dict[str, object]:
        """Return the figures of the whole run as JSON-ready values; unknown ones are None."""
        self._count_lost(now - _LOST_AFTER_SECONDS / 2)
        low, high = (
            (None, None) if math.isinf(self.pan_range[0]) else map(math.degrees, self.pan_range)
        )
        return {
            "duration_s": round(duration, 3),
            "first_capture_s": None if self.first_capture is None else self.first_capture * 1e-9,
            "frames_captured": self.frames_captured + self.frames_dropped_by_camera,
            "frames_dropped": self._lost + self.frames_dropped_by_camera,
            "frames_with_face": self.frames_with_face,
            "expressions": self.expressions,
            "expression_rate_hz": _rate(self._expression_stamps),
            "labels": {label: self.labels[label] for label in LABELS if self.labels[label]},
            "latency_ms": {name: _percentiles(self._latencies[name]) for name in LATENCIES},
            "head": {
                **self.head_counters,
                "pan_min_deg": None if low is None else round(low, 2),
                "pan_max_deg": None if high is None else round(high, 2),
            },
        }

    def _note_capture(self, stamp: int, now: float) -> None:
        self.frames_captured += 1
        self._frame_times.append(now)
        self.first_capture = stamp if self.first_capture is None else min(self.first_capture, stamp)

    def _note_latency(self, name: str, stamp: int, now: float) -> None:
        self._latencies[name].append((now - stamp * 1e-9) * 1e3)

    def _count_lost(self, before: float) -> None:
        lost = [stamp for stamp, captured in self._awaited.items() if captured < before]
        for stamp in lost:
            del self._awaited[stamp]
        self._lost += len(lost)


def _newer_than(times: deque[float], start: float) -> Iterable[float]:
    for time in reversed(times):
        if time < start:
            return
        yield time


def _rate(stamps: deque[float]) -> float | None:
    if len(stamps) < 2 or stamps[-1] <= stamps[0]:
        return None
    return round((len(stamps) - 1) / (stamps[-1] - stamps[0]), 2)


def _percentiles(samples: deque[float]) -> dict[str, float | None]:
    if not samples:
        return {f"p{percentile}": None for percentile in _PERCENTILES}
    values = np.percentile(np.array(samples), _PERCENTILES)
    return {
        f"p{percentile}": round(float(value), 2)
        for percentile, value in zip(_PERCENTILES, values, strict=True)
    }
