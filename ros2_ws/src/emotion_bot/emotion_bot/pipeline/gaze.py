"""Tracked faces in, set-points of the head out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emotion_bot_msgs.msg import Faces, GazeTarget, HeadCommand, Posture
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Header

from emotion_bot import joints, people, stamps
from emotion_bot.parameters import Parameter
from emotion_core.behaviour.offset import Offset, OffsetFollower, add_to_gaze
from emotion_core.head.gaze import GazeController, GazeOutput, GazeParameters, GazeState
from emotion_core.head.gaze_geometry import bearing
from emotion_core.head.joint_buffer import (
    JointBuffer,
    JointBufferEmptyError,
    JointTimeError,
)
from emotion_core.head.limits import HeadLimits
from emotion_core.vision.camera_model import PinholeCamera
from emotion_core.vision.selection import SelectionPolicy, Target, TargetSelector

BASE_FRAME = "base_link"

_POSTURE_EXPIRY_SECONDS = 1.0
_NO_POSTURE = Posture(speed=1.0, engaged=True)

_DEFAULTS = GazeParameters()

PARAMETERS = (
    Parameter(
        "policy",
        SelectionPolicy.SPEAKING.value,
        "Which of several faces to look at.",
        choices=tuple(policy.value for policy in SelectionPolicy),
    ),
    Parameter(
        "camera_on_head",
        True,
        "Whether the camera turns with the head; false for a camera beside it or a recording.",
    ),
    Parameter("rate", 50.0, "Set-points per second between frames.", 10.0, 100.0),
    Parameter(
        "dead_band_deg",
        math.degrees(_DEFAULTS.dead_band),
        "A resting head starts to move when the target is further off, degrees.",
        0.0,
        10.0,
    ),
    Parameter(
        "max_speed_deg",
        math.degrees(_DEFAULTS.max_speed),
        "Greatest speed of the set-point, degrees/s.",
        5.0,
        400.0,
    ),
    Parameter(
        "max_acceleration_deg",
        math.degrees(_DEFAULTS.max_acceleration),
        "Greatest acceleration of the set-point, degrees/s².",
        10.0,
        3000.0,
    ),
    Parameter(
        "hold_duration",
        _DEFAULTS.hold_duration,
        "How long to stay where a face was lost, s.",
        0.0,
        60.0,
    ),
    Parameter(
        "return_speed_deg",
        math.degrees(_DEFAULTS.return_speed),
        "Speed on the way home, degrees/s.",
        1.0,
        200.0,
    ),
)


class GazePipeline:
    """Looks at the chosen face; the head's pose at capture time turns pixels into bearings.

    The present time is passed in as `now`, s, on the clock of the stamps.

    Args:
        values: of `PARAMETERS`, by name.

    Attributes:
        head_pose: where the head pointed in the last seconds.
        period: between two set-points, s.
        state: what the gaze does.
        wish: id of the face that somebody asked to follow; empty for none. It goes before the
            wish of a posture, and before the policy.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._controller = GazeController(
            GazeParameters(
                dead_band=math.radians(values["dead_band_deg"]),
                max_speed=math.radians(values["max_speed_deg"]),
                max_acceleration=math.radians(values["max_acceleration_deg"]),
                hold_duration=values["hold_duration"],
                return_speed=math.radians(values["return_speed_deg"]),
            )
        )
        self._selector = TargetSelector(SelectionPolicy(values["policy"]))
        self._target: Target | None = None
        self.head_pose = JointBuffer()
        self._camera: PinholeCamera | None = None
        self._capture: Header | None = None
        self._posture = _NO_POSTURE
        self._offset = OffsetFollower()
        self._posture_time = -math.inf
        self._camera_on_head: bool = values["camera_on_head"]
        self._commanded = -math.inf
        self.period: float = 1.0 / values["rate"]
        self.state = GazeState.IDLE
        self.wish = ""
        self.speaker = ""

    @property
    def limits(self) -> HeadLimits:
        """Of the head; set-points without a posture stay within."""
        return self._controller.parameters.limits

    @property
    def knows_camera(self) -> bool:
        """Whether a usable camera_info has come."""
        return self._camera is not None

    def set_camera(self, message: CameraInfo) -> None:
        """Take the camera's calibration.

        Raises:
            ValueError: if it is not one; the last one stays.
        """
        self._camera = PinholeCamera(
            message.width,
            message.height,
            message.k[0],
            message.k[4],
            message.k[2],
            message.k[5],
            message.distortion_model or "plumb_bob",
            tuple(message.d) if any(message.d) else (),
        )

    def add_joint_state(self, message: JointState) -> None:
        """Remember where the head pointed; other joints and absurd angles are passed over."""
        position = joints.position(message)
        if position is not None and all(map(math.isfinite, position)):
            self.head_pose.add(stamps.seconds_from_stamp(message.header.stamp), *position)

    def set_posture(self, message: Posture, now: float) -> None:
        """Take what the behaviour adds to the gaze.

        Raises:
            ValueError: if an offset or the speed is absurd; the last posture stays.
        """
        if not 0 < message.speed <= 1:
            raise ValueError(f"posture speed {message.speed} is not in (0, 1]")
        self._offset.receive(now, Offset(message.pan, message.tilt))
        self._posture = message
        self._posture_time = now

    def process(self, message: Faces, now: float) -> tuple[GazeTarget, HeadCommand]:
        """Return the target and the set-point that follow from a frame.

        Raises:
            ValueError: if a face is absurd.
        """
        time = stamps.seconds_from_stamp(message.header.stamp)
        capture = Header(stamp=message.header.stamp, frame_id=BASE_FRAME)
        if self._capture is None and len(self.head_pose):
            # A gaze that starts anew must not swing a head that points elsewhere.
            self._controller.start_from(*self.head_pose.latest()[1:])
        self._observe(message, time, self._fresh_posture(now))
        self._capture = capture
        output, command = self._command(capture, now)
        target = GazeTarget(
            header=capture,
            state=output.state.value,
            face_id=output.face_id,
            pan=output.target_pan,
            tilt=output.target_tilt,
        )
        return target, command

    def tick(self, now: float) -> HeadCommand | None:
        """Return the set-point between two frames; call this once in a `period`.

        A frame's own set-point comes first: None when one has just been given or before the first.
        """
        if self._capture is None or now - self._commanded < 0.75 * self.period:
            return None
        return self._command(self._capture, now)[1]

    def _fresh_posture(self, now: float) -> Posture:
        if now - self._posture_time < _POSTURE_EXPIRY_SECONDS:
            return self._posture
        return _NO_POSTURE

    def _observe(self, message: Faces, time: float, posture: Posture) -> None:
        size = (message.width, message.height)
        faces = {face.id: people.tracked_face(face, size) for face in message.faces}
        speech = {self.speaker: 1.0} if self.speaker else {}
        self._target = self._selector.choose(list(faces.values()), size, time, self._target, speech)
        for wish in (posture.face_id, self.wish):
            if wish in faces:
                self._target = Target(wish, time, time)
        if not posture.engaged:
            self._target = None
        if self._target is None or self._target.id not in faces:
            self._controller.observe(time, None, None)
            return
        pixel = faces[self._target.id].box.center
        self._controller.observe(time, self._target.id, self._bearing(pixel, time))

    def _bearing(self, pixel: tuple[float, float], time: float) -> tuple[float, float] | None:
        if self._camera is None:
            return None
        # The middle of a box is given from the picture's edge, a ray from the first pixel's centre.
        ray = self._camera.ray(pixel[0] - 0.5, pixel[1] - 0.5)
        if not self._camera_on_head:
            return bearing(ray, 0.0, 0.0)
        try:
            return bearing(ray, *self.head_pose.at(time))
        except JointBufferEmptyError:
            # Without a head, or before its first report, the camera looks straight ahead.
            return bearing(ray, 0.0, 0.0)
        except JointTimeError:
            # A pose that is not known cannot be guessed: a wrong one would jerk the head.
            return None

    def _command(self, capture: Header, now: float) -> tuple[GazeOutput, HeadCommand]:
        posture = self._fresh_posture(now)
        output = self._controller.target(now, posture.speed)
        sum_ = add_to_gaze(Offset(output.pan, output.tilt), self._offset.at(now), self.limits)
        command = HeadCommand(header=capture, pan=sum_.pan, tilt=sum_.tilt, led=posture.led)
        self._commanded = now
        self.state = output.state
        return output, command
