"""Camera node: frames of a webcam, file, stream or the built-in scene, stamped at capture."""

from __future__ import annotations

import math
import sys
import threading

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Faces
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Header

from emotion_bot import camera_health, images, joints, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.replay.compression import compressed
from emotion_bot.subscriptions import subscribe
from emotion_core.head.joint_buffer import (
    JointBuffer,
    JointBufferEmptyError,
    JointTimeError,
)
from emotion_core.vision.camera_model import CalibrationError, PinholeCamera, load_calibration
from emotion_core.vision.frames import Frame, SourceError
from emotion_core.vision.grabber import GrabberState, NewestFrameGrabber, Pace
from emotion_core.vision.sources import SceneSource, VideoFile, parse_source

OPTICAL_FRAME = "camera_optical_frame"
RAW, COMPRESSED = "raw", "compressed"

PARAMETERS = (
    Parameter("source", "scene", "scene[:MODE], webcam[:N|/dev/…], video:PATH or stream:URL."),
    Parameter("width", 640, "Requested frame width, pixels.", 64, 4096),
    Parameter("height", 480, "Requested frame height, pixels.", 48, 4096),
    Parameter("fps", 30.0, "Requested frames per second.", 1.0, 120.0),
    Parameter(
        "pace",
        Pace.REAL_TIME.value,
        "When the frames of a file are taken; as_consumed waits for the faces of each frame.",
        choices=tuple(pace.value for pace in Pace),
    ),
    Parameter(
        "image_transport",
        RAW,
        "How images are sent; compressed (JPEG, on image_raw/compressed) is for other machines.",
        choices=(RAW, COMPRESSED),
    ),
    Parameter("jpeg_quality", 80, "Quality of compressed images.", 1, 100),
    Parameter("calibration_file", "", "Camera calibration YAML; empty for none."),
    Parameter(
        "horizontal_field_of_view_deg",
        65.0,
        "Assumed without a calibration file, degrees.",
        10.0,
        170.0,
    ),
    Parameter(
        "wait_for_subscriber",
        True,
        "Start only when somebody listens, so that a file is seen from its first frame.",
    ),
)

_TAKE_TIMEOUT_SECONDS = 0.2

_CONSUMPTION_TIMEOUT_SECONDS = 2.0
"""After this long without an answer the consumer is taken to be gone; the next frame follows."""


class CameraNode(runner.DeviceNode):
    """Active: the source is open. Inactive: the device is closed."""

    def __init__(self) -> None:
        super().__init__("camera")
        values = declare(self, PARAMETERS)
        try:
            self._source = parse_source(
                values["source"],
                pose=self._pose_at,
                width=values["width"],
                height=values["height"],
                fps=values["fps"],
            )
            self._calibration = (
                load_calibration(values["calibration_file"]) if values["calibration_file"] else None
            )
            if isinstance(self._source, VideoFile):
                # A file that cannot be read now will not mend itself, unlike a camera.
                self._source.open()
                self._source.close()
        except (SourceError, CalibrationError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._field_of_view = math.radians(values["horizontal_field_of_view_deg"])
        self._wait_for_subscriber: bool = values["wait_for_subscriber"]
        self._grabber = NewestFrameGrabber(self._source, self._now, pace=Pace(values["pace"]))
        self._head_pose = JointBuffer()
        if isinstance(self._source, SceneSource):
            subscribe(self, JointState, topics.JOINT_STATES, self._on_joint_states, qos.STREAM)
        self._consumed = threading.Event()
        self._as_consumed = Pace(values["pace"]) is Pace.AS_CONSUMED
        if self._as_consumed:
            subscribe(self, Faces, topics.FACES, self._on_faces, qos.STREAM)
        self._awaited = Time()
        self._compress = values["image_transport"] == COMPRESSED
        self._jpeg_quality: int = values["jpeg_quality"]
        self._images = (
            self.create_publisher(CompressedImage, topics.COMPRESSED_IMAGE, qos.IMAGE_PUBLISHER)
            if self._compress
            else self.create_publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
        )
        self._infos = self.create_publisher(CameraInfo, topics.CAMERA_INFO, qos.STREAM)
        self._origins = self.create_publisher(Time, topics.RECORDING_ORIGIN, qos.STATUS)
        self._origin: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._diagnostics = Diagnostics(self, values["source"], self._health)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the source; one that is absent is retried."""
        self._stop.clear()
        self._thread = self.device_thread(self._publish_frames)
        self._thread.start()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the source; fails while the device cannot be closed, and the node stays active."""
        self.close()
        if self._grabber.status.state is not GrabberState.CLOSED:
            return TransitionCallbackReturn.FAILURE
        return super().on_deactivate(state)

    def close(self) -> None:
        """Close the source; safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _pose_at(self, time: float) -> tuple[float, float]:
        try:
            return self._head_pose.at(time)
        except JointBufferEmptyError:
            return 0.0, 0.0
        except JointTimeError:
            return self._head_pose.latest()[1:]

    def _on_joint_states(self, message: JointState) -> None:
        position = joints.position(message)
        if position is not None:
            self._head_pose.add(stamps.seconds_from_stamp(message.header.stamp), *position)

    def _on_faces(self, message: Faces) -> None:
        if message.header.stamp == self._awaited:
            self._consumed.set()

    def _publish_frames(self) -> None:
        while self._wait_for_subscriber and self._images.get_subscription_count() == 0:
            if self._stop.wait(0.05):
                return
        with self._grabber:
            while not self._stop.is_set():
                frame = self._grabber.take(_TAKE_TIMEOUT_SECONDS)
                if not self.context.ok():
                    return
                if frame is not None:
                    self._publish_origin()
                    self._publish(frame)
                elif self._grabber.status.state is GrabberState.ENDED:
                    self._diagnostics.publish()
                    self._stop.wait()

    def _publish_origin(self) -> None:
        origin = self._grabber.origin
        if origin is not None and origin != self._origin:
            self._origin = origin
            self._origins.publish(stamps.stamp_from_seconds(origin))

    def _publish(self, frame: Frame) -> None:
        header = Header(stamp=stamps.stamp_from_seconds(frame.time), frame_id=OPTICAL_FRAME)
        height, width = frame.image.shape[:2]
        self._awaited = header.stamp
        self._consumed.clear()
        self._infos.publish(self._camera_info(header, width, height))
        image = images.image_message(frame.image, header)
        self._images.publish(compressed(image, self._jpeg_quality) if self._compress else image)
        if self._as_consumed:
            self._consumed.wait(_CONSUMPTION_TIMEOUT_SECONDS)

    def _camera_info(self, header: Header, width: int, height: int) -> CameraInfo:
        camera = self._camera(width, height)
        return CameraInfo(
            header=header,
            width=width,
            height=height,
            distortion_model=camera.distortion_model,
            d=camera.d.tolist(),
            k=camera.k.ravel(),
            r=camera.r.ravel(),
            p=camera.p.ravel(),
        )

    def _camera(self, width: int, height: int) -> PinholeCamera:
        if isinstance(self._source, SceneSource) and self._source.scene is not None:
            return self._source.scene.camera
        if self._calibration is not None:
            return self._calibration.scaled(width, height)
        return PinholeCamera.from_field_of_view(width, height, self._field_of_view)

    def _health(self) -> Health:
        status = self._grabber.status
        values = {
            camera_health.STATE: status.state.value,
            camera_health.CAPTURED: status.captured,
            camera_health.DROPPED: status.dropped,
            camera_health.FAILURES: status.failures,
        }
        if status.state is GrabberState.RETRYING and status.failures:
            return Level.ERROR, status.last_error, values
        if status.state is GrabberState.ENDED and status.last_error:
            return Level.ERROR, status.last_error, values
        return Level.OK, f"{self._source.name}: {status.state.value}", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(CameraNode, arguments))


if __name__ == "__main__":
    main()
