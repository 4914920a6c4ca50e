"""What figures are to be."""

from __future__ import annotations

from dataclasses import dataclass

from . import bench_names as names


@dataclass(frozen=True)
class Target:
    """What a figure is to be.

    Attributes:
        text: what the figure is.
        path: keys that lead to it.
        limit: the bound itself fulfils the target.
        unit: behind the number.
        at_most: whether the limit is an upper one.
    """

    text: str
    path: tuple[str, ...]
    limit: float
    unit: str = ""
    at_most: bool = True

    def is_met(self, value: float) -> bool:
        """Return whether a measured value fulfils the target."""
        return value <= self.limit if self.at_most else value >= self.limit

    @property
    def demand(self) -> str:
        """The target in words."""
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{self.unit}"


_ACK = (names.STAGES, "whole_stack", "latency_ms", "capture_to_head_ack")
_AT_TWICE = "p95 at twice the frame rate over that at the normal one, capture →"

TARGETS = (
    Target("whole stack, capture → ack, p95", (*_ACK, "p95"), 50, " ms"),
    Target("whole stack, capture → ack, p99", (*_ACK, "p99"), 100, " ms"),
    Target(
        "naive pipeline's p95 over the robot's, capture → expression",
        (names.NAIVE, "p95_ratio"),
        5,
        at_most=False,
    ),
    *(
        Target(f"{_AT_TWICE} {stage}", (names.OVERLOAD, "p95_ratio_at_twice", key), 2)
        for stage, key in (
            ("expression", "capture_to_expression"),
            ("ack", "capture_to_head_ack"),
        )
    ),
    Target(
        "training loop over the bare step, images per second",
        (names.TRAINING, "ratio"),
        0.9,
        at_most=False,
    ),
    Target("outputs of ten exact replays", (names.REPLAY, "exact", "different_hashes"), 1),
    Target(
        "speed of the exact replay over real time",
        (names.REPLAY, "exact", "realtime_factor"),
        5,
        at_most=False,
    ),
    Target("messages lost in replay through DDS", (names.REPLAY, "dds_at_1x", "messages_lost"), 0),
    Target(
        "share of time in which its labels agree with the exact replay's",
        (names.REPLAY, "dds_at_1x", "labels_agree"),
        0.98,
        at_most=False,
    ),
    Target("frames lost in recording", (names.REPLAY, "recording", "frames_lost"), 0),
    Target(
        "most that a killed recorder's bag misses",
        (names.REPLAY, "killed_recorder", "most_missing_s"),
        1,
        " s",
    ),
)
