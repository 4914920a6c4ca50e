"""Settings of the gaze."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from emotion_core.head.bearing_filter import BearingFilterParameters
from emotion_core.head.limits import HeadLimits


@dataclass(frozen=True, slots=True)
class GazeParameters:
    """Settings of a ``GazeController``.

    Attributes:
        dead_band: a resting head starts to move when the target is further off than this, rad.
        max_speed: of the set-point, rad/s; below the head's own limit the head follows exactly.
        max_acceleration: of the set-point, rad/s².
        pose_time_error: how well the times of the head's measured angles fit those of the pictures,
            s. A bearing taken while the head turns is trusted less by this times the head's speed;
            otherwise the head would take its own turning for a movement of the face.
        head_delay: from a command to the movement it causes, s. The set-point leads by it.
        prediction_limit: longest time a movement is extrapolated from its last measurement, s;
            0 switches prediction off.
        loss_delay: a face counts as lost when the pictures of this long do not show it, s.
        hold_duration: how long to stay since a lost face was last seen, s.
        return_speed: on the way home, rad/s.
        silence_timeout: when no observation arrives for this long, the face counts as lost, s.
        home_pan: rad.
        home_tilt: rad.
        filter: of the measured bearings.
        limits: of the head; set-points stay within its ranges.

    Raises:
        ValueError: if a value is out of range.
    """

    dead_band: float = math.radians(1.0)
    max_speed: float = 3.0
    max_acceleration: float = 15.0
    pose_time_error: float = 0.05
    head_delay: float = 0.03
    prediction_limit: float = 0.35
    loss_delay: float = 0.2
    hold_duration: float = 2.0
    return_speed: float = 0.4
    silence_timeout: float = 0.5
    home_pan: float = 0.0
    home_tilt: float = 0.0
    filter: BearingFilterParameters = field(default_factory=BearingFilterParameters)
    limits: HeadLimits = field(default_factory=HeadLimits)

    def __post_init__(self) -> None:
        for name in ("max_speed", "max_acceleration", "return_speed", "silence_timeout"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"gaze: {name} must be > 0, got {getattr(self, name)}")
        for name in (
            "dead_band",
            "pose_time_error",
            "head_delay",
            "prediction_limit",
            "loss_delay",
            "hold_duration",
        ):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"gaze: {name} must be >= 0, got {getattr(self, name)}")
        for name, axis in (("home_pan", self.limits.pan), ("home_tilt", self.limits.tilt)):
            if not axis.minimum <= getattr(self, name) <= axis.maximum:
                raise ValueError(
                    f"gaze: {name} {getattr(self, name)} rad is outside the head's range "
                    f"[{axis.minimum}, {axis.maximum}]"
                )
