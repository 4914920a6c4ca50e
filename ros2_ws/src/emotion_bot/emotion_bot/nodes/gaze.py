"""Gaze node: tracked faces in, set-points of the head out."""

from __future__ import annotations

import contextlib
import math
import sys

from emotion_bot_msgs.msg import Faces, GazeTarget, HeadCommand, Posture
from emotion_core.head.gaze import GazeController, GazeOutput, GazeParameters, GazeState
from emotion_core.head.gaze_geometry import bearing
from emotion_core.head.joint_buffer import JointBuffer, JointBufferError
from emotion_core.vision.camera_model import PinholeCamera
from emotion_core.vision.selection import SelectionPolicy, Target, TargetSelector
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Header

from emotion_bot import joints, people, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare

BASE_FRAME = "base_link"

_DEFAULTS = GazeParameters()

PARAMETERS = (
    Parameter(
        "policy",
        SelectionPolicy.NEAREST.value,
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

_POSTURE_EXPIRY_SECONDS = 1.0


class GazeNode(Node):
    """Looks at the chosen face; the head's pose at capture time turns pixels into bearings."""

    def __init__(self) -> None:
        super().__init__("gaze")
        values = declare(self, PARAMETERS)
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
        self._head_pose = JointBuffer()
        self._camera: PinholeCamera | None = None
        self._capture: Header | None = None
        self._posture = Posture(speed=1.0, engaged=True)
        self._posture_time = -math.inf
        self._camera_on_head: bool = values["camera_on_head"]
        self._period = 1.0 / values["rate"]
        self._published = -math.inf
        self._state = GazeState.IDLE
        self._targets = self.create_publisher(GazeTarget, topics.GAZE_TARGET, qos.STREAM)
        self._commands = self.create_publisher(HeadCommand, topics.HEAD_COMMAND, qos.SET_POINT)
        self.create_subscription(
            CameraInfo, topics.CAMERA_INFO, self._on_camera_info, qos.IMAGE_SUBSCRIBER
        )
        self.create_subscription(JointState, topics.JOINT_STATES, self._on_joint_states, qos.STREAM)
        self.create_subscription(Posture, topics.POSTURE, self._on_posture, qos.SET_POINT)
        self.create_subscription(Faces, topics.FACES, self._on_faces, qos.STREAM)
        self.create_timer(self._period, self._on_timer)
        self._diagnostics = Diagnostics(self, values["policy"], self._health)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _on_camera_info(self, message: CameraInfo) -> None:
        try:
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
        except ValueError as error:
            self.get_logger().error(f"camera_info rejected: {error}", throttle_duration_sec=5.0)

    def _on_joint_states(self, message: JointState) -> None:
        position = joints.position(message)
        if position is not None and all(map(math.isfinite, position)):
            self._head_pose.add(stamps.seconds_from_stamp(message.header.stamp), *position)

    def _on_posture(self, message: Posture) -> None:
        self._posture = message
        self._posture_time = self._now()

    def _on_faces(self, message: Faces) -> None:
        time = stamps.seconds_from_stamp(message.header.stamp)
        self._capture = Header(stamp=message.header.stamp, frame_id=BASE_FRAME)
        try:
            self._observe(message, time)
        except ValueError as error:
            self.get_logger().error(f"faces rejected: {error}", throttle_duration_sec=5.0)
            return
        output = self._command()
        self._targets.publish(
            GazeTarget(
                header=self._capture,
                state=output.state.value,
                face_id=output.face_id,
                pan=output.target_pan,
                tilt=output.target_tilt,
            )
        )

    def _observe(self, message: Faces, time: float) -> None:
        size = (message.width, message.height)
        faces = {face.id: people.tracked_face(face, size) for face in message.faces}
        self._target = self._selector.choose(list(faces.values()), size, time, self._target)
        if self._target is None or self._target.id not in faces:
            self._controller.observe(time, None, None)
            return
        pixel = faces[self._target.id].box.center
        self._controller.observe(time, self._target.id, self._bearing(pixel, time))

    def _bearing(self, pixel: tuple[float, float], time: float) -> tuple[float, float] | None:
        if self._camera is None:
            return None
        pose = (0.0, 0.0)
        if self._camera_on_head:
            # Without a head, or before its first report, the camera looks straight ahead.
            with contextlib.suppress(JointBufferError):
                pose = self._head_pose.at(time)
        return bearing(self._camera.ray(*pixel), *pose)

    def _on_timer(self) -> None:
        # A frame's own set-point comes first; the timer only fills the gap to the next one.
        if self._capture is not None and self._now() - self._published >= 0.75 * self._period:
            self._command()

    def _command(self) -> GazeOutput:
        now = self._now()
        output = self._controller.target(now)
        command = HeadCommand(header=self._capture, pan=output.pan, tilt=output.tilt)
        if now - self._posture_time < _POSTURE_EXPIRY_SECONDS:
            command.pan += self._posture.pan
            command.tilt += self._posture.tilt
            command.led = self._posture.led
        self._commands.publish(command)
        self._published = now
        self._state = output.state
        return output

    def _health(self) -> Health:
        values = {"state": self._state.name.lower()}
        if self._camera is None:
            return Level.WARN, f"no camera_info yet on {topics.CAMERA_INFO}", values
        return Level.OK, self._state.name.lower(), values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(GazeNode, arguments))


if __name__ == "__main__":
    main()
