"""Settings of the face tracker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerParameters:
    """Settings of the tracker; times in seconds, probabilities and shares in [0, 1].

    Attributes:
        detection_interval: between detections while all faces are in sight, > 0. Detection is the
            slowest step by far; at 24 frames/s or more it stays outside the 95th percentile.
        search_interval: between detections while a face has just been lost or is new, > 0.
        idle_interval: between detections while no face is in sight, > 0.
        verification_threshold: least probability at which a followed box still holds a face.
        confirmation_confidence: a new face found this surely gets an id at once, and a hidden one
            seen this surely is in sight again.
        confirmation_frames: any other gets one after being seen in this many frames, >= 1.
        measurement_weight: share of what is seen in the new box, the rest is the moved old one.
        prediction_limit: how long a hidden face is reported at its predicted place.
        memory: how long a lost face can come back under its id, >= prediction_limit.
        support_limit: a face that the verifier affirms is given up when the detector has missed it
            this many times in a row, >= 1, unless the verifier is as sure as
            ``confirmation_confidence``.
        near_similarity: least likeness of a face found again where it was lost.
        far_similarity: the same for one found anywhere else.
        maximum_faces: most faces followed at a time, >= 1; bounds the time for a frame.
    """

    detection_interval: float = 0.9
    search_interval: float = 0.1
    idle_interval: float = 0.2
    verification_threshold: float = 0.7
    confirmation_confidence: float = 0.95
    confirmation_frames: int = 3
    measurement_weight: float = 0.4
    prediction_limit: float = 1.0
    memory: float = 3.0
    support_limit: int = 3
    near_similarity: float = 0.65
    far_similarity: float = 0.72
    maximum_faces: int = 10

    def __post_init__(self) -> None:
        for name in ("detection_interval", "search_interval", "idle_interval"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in (
            "verification_threshold",
            "confirmation_confidence",
            "near_similarity",
            "far_similarity",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("confirmation_frames", "support_limit", "maximum_faces"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.measurement_weight <= 1:
            raise ValueError(f"measurement_weight must be in (0, 1], got {self.measurement_weight}")
        if not 0 <= self.prediction_limit <= self.memory:
            raise ValueError(
                f"prediction_limit must be in [0, memory={self.memory}], "
                f"got {self.prediction_limit}"
            )
