"""Where the head should point: follow a face, hold where it was lost, go home slowly."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from emotion_core.head.bearing_filter import BearingFilterParameters
from emotion_core.head.gaze_axis import GazeAxis
from emotion_core.head.gaze_parameters import GazeParameters

__all__ = [
    "BearingFilterParameters",
    "GazeController",
    "GazeOutput",
    "GazeParameters",
    "GazeState",
]

# A clock that goes back by more than this was set, or a recording starts over, s.
_CLOCK_STEP = 0.5
# After a pause longer than this between two calls the set-point does not move through it, s.
_LONGEST_STEP = 0.5


class GazeState(enum.Enum):
    """What the gaze does; the values are those of ``GazeTarget.state``."""

    IDLE = 0  # nobody seen: rests at home
    TRACKING = 1  # follows a face
    HOLDING = 2  # the face was lost a moment ago: stays where it last was
    RETURNING = 3  # on the way home after a loss


@dataclass(frozen=True, slots=True)
class GazeOutput:
    """What the gaze wants at one moment.

    Attributes:
        state: what it does.
        pan: set-point for the head, bounded in range, speed and acceleration, rad.
        tilt: likewise, rad.
        face_id: the followed face; empty unless TRACKING or HOLDING.
        target_pan: expected bearing of the face, or of home, at this moment, rad.
        target_tilt: likewise, rad.
    """

    state: GazeState
    pan: float
    tilt: float
    face_id: str
    target_pan: float
    target_tilt: float


class GazeController:
    """Turns bearings of a face into set-points of the head.

    Bearings are directions in the base frame, computed with the head's angles *when the picture was
    taken*. So a turning head does not move the target, and the loop has no delay to become unstable
    with. What delay is left concerns moving faces only, and the filter predicts across it.

    All times are s on one clock. Not thread-safe.

    Args:
        parameters: of the gaze.
    """

    def __init__(self, parameters: GazeParameters | None = None) -> None:
        self.parameters = parameters or GazeParameters()
        self._reset()

    def _reset(self) -> None:
        p = self.parameters
        self._pan = GazeAxis(p, p.limits.pan, p.home_pan)
        self._tilt = GazeAxis(p, p.limits.tilt, p.home_tilt)
        self._state = GazeState.IDLE
        self._face_id = ""
        self._observed = -math.inf
        self._seen = -math.inf
        self._heard = -math.inf
        self._is_heard = False
        self._advanced = -math.inf

    def start_from(self, pan: float, tilt: float) -> None:
        """Take over a head that points elsewhere: the set-point starts there instead of at home.

        Args:
            pan: measured, rad.
            tilt: measured, rad.

        Raises:
            ValueError: if an angle is not finite.
        """
        self._pan.start_from(pan)
        self._tilt.start_from(tilt)
        if self._state is GazeState.IDLE:
            self._state = GazeState.RETURNING

    def observe(
        self, time: float, face_id: str | None, bearing: tuple[float, float] | None
    ) -> None:
        """Take what one picture showed.

        Pictures that arrive out of order are ignored; a clock that was set back starts anew.

        Args:
            time: when the picture was taken, s.
            face_id: of the face to look at; None when there is none.
            bearing: (pan, tilt) of the face in the base frame, rad; None when there is no face, or
                when it cannot be told, in which case the face counts as seen but not measured.

        Raises:
            ValueError: if a number is not finite.
        """
        if not math.isfinite(time) or not all(map(math.isfinite, bearing or ())):
            raise ValueError(f"gaze: observation ({time}, {face_id}, {bearing}) is not finite")
        if time < self._observed - _CLOCK_STEP:
            self._restart_clock()
        if time <= self._observed:
            return
        self._observed = time
        self._is_heard = True
        if face_id is None:
            if time - self._seen > self.parameters.loss_delay:
                self._lose()
            return
        is_followed = self._state is GazeState.TRACKING and face_id == self._face_id
        if bearing is None:
            if is_followed:
                self._seen = time
            return
        if not is_followed:
            self._pan.filter.reset()
            self._tilt.filter.reset()
        self._pan.measure(time, bearing[0])
        self._tilt.measure(time, bearing[1])
        self._seen = time
        self._face_id = face_id
        self._state = GazeState.TRACKING

    def target(self, time: float, speed_share: float = 1.0) -> GazeOutput:
        """Return what the head should do now. Call it at least at the camera's frame rate.

        Args:
            time: now, s.
            speed_share: of the usual speeds, (0, 1]; a calm robot moves slowly.

        Raises:
            ValueError: if the time is not finite or the share is out of range.
        """
        if not math.isfinite(time):
            raise ValueError(f"gaze: time {time} is not finite")
        if not 0 < speed_share <= 1:
            raise ValueError(f"gaze: speed share {speed_share} is not in (0, 1]")
        if time < self._advanced - _CLOCK_STEP:
            self._restart_clock()
        if math.isinf(self._advanced):
            self._advanced = time
        duration = min(max(time - self._advanced, 0.0), _LONGEST_STEP)
        self._advanced = max(time, self._advanced)
        # Silence counts from the arrival of the last picture: late pictures are no silence.
        if self._is_heard:
            self._heard = time
            self._is_heard = False
        if time - self._heard > self.parameters.silence_timeout:
            self._lose()
        held_long = time - self._seen > self.parameters.hold_duration
        if self._state is GazeState.HOLDING and held_long:
            self._state = GazeState.RETURNING
            self._face_id = ""
        if self._state in (GazeState.TRACKING, GazeState.HOLDING):
            self._pan.follow(time, duration, speed_share)
            self._tilt.follow(time, duration, speed_share)
        else:
            pan_home = self._pan.go_home(time, duration, speed_share)
            tilt_home = self._tilt.go_home(time, duration, speed_share)
            if pan_home and tilt_home:
                self._state = GazeState.IDLE
        return GazeOutput(
            self._state,
            self._pan.setpoint.position,
            self._tilt.setpoint.position,
            self._face_id,
            self._pan.target(time),
            self._tilt.target(time),
        )

    def _lose(self) -> None:
        if self._state is GazeState.TRACKING:
            self._state = GazeState.HOLDING
            self._pan.hold()
            self._tilt.hold()

    def _restart_clock(self) -> None:
        """Forget times of the old clock, but not where the head is."""
        pan, tilt = self._pan.setpoint.position, self._tilt.setpoint.position
        self._reset()
        self.start_from(pan, tilt)
