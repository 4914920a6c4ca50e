"""Camera node: frames of a webcam, file, stream or the built-in scene, stamped at capture."""

from __future__ import annotations

import math
import sys
import threading

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Faces
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Header

from emotion_bot import capture_health, images, joints, qos, runner, stamps, topics
from emotion_bot.capture_node import (
    CONSUMPTION_TIMEOUT_SECONDS,
    WAIT_FOR_SUBSCRIBER,
    CaptureNode,
)
from emotion_bot.diagnostics import Health
from emotion_bot.parameters import Parameter, declare
from emotion_bot.replay.compression import compressed
from emotion_bot.subscriptions import subscribe
from emotion_core.capture.source import Pace
from emotion_core.head.joint_buffer import (
    JointBuffer,
    JointBufferEmptyError,
    JointTimeError,
)
from emotion_core.vision.camera_model import CalibrationError, PinholeCamera, load_calibration
from emotion_core.vision.frames import Frame, SourceError
from emotion_core.vision.grabber import NewestFrameGrabber
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
    WAIT_FOR_SUBSCRIBER,
)


class CameraNode(CaptureNode[Frame]):
    """Publishes what a camera, a file or the built-in scene shows."""

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
        pace = Pace(values["pace"])
        self._frames = NewestFrameGrabber(self._source, self._now, pace=pace)
        self._head_pose = JointBuffer()
        if isinstance(self._source, SceneSource):
            subscribe(self, JointState, topics.JOINT_STATES, self._on_joint_states, qos.STREAM)
        self._consumed = threading.Event()
        self._as_consumed = pace is Pace.AS_CONSUMED
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
        self._infos = self.create_publisher(CameraInfo, topics.CAMERA_INFO, qos.STREAM_PUBLISHER)
        self._origins = self.create_publisher(Time, topics.RECORDING_ORIGIN, qos.STATUS)
        self._origin: float | None = None
        self.capture_from(
            self._frames,
            self._images,
            values[WAIT_FOR_SUBSCRIBER.name],
            is_recorded=isinstance(self._source, VideoFile),
        )

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

    def _publish_origin(self) -> None:
        origin = self._frames.origin
        if origin is not None and origin != self._origin:
            self._origin = origin
            self._origins.publish(stamps.stamp_from_seconds(origin))

    def _publish(self, frame: Frame) -> None:
        self._publish_origin()
        header = Header(stamp=stamps.stamp_from_seconds(frame.time), frame_id=OPTICAL_FRAME)
        height, width = frame.image.shape[:2]
        self._awaited = header.stamp
        self._consumed.clear()
        self._infos.publish(self._camera_info(header, width, height))
        image = images.image_message(frame.image, header)
        self._images.publish(compressed(image, self._jpeg_quality) if self._compress else image)
        if self._as_consumed:
            self._consumed.wait(CONSUMPTION_TIMEOUT_SECONDS)

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
        status = self._frames.status
        return self._device_health(
            status,
            {
                capture_health.CAPTURED: status.captured,
                capture_health.DROPPED: status.dropped,
            },
        )


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(CameraNode, arguments))


if __name__ == "__main__":
    main()
