"""Faces node: camera frames in, tracked faces with aligned crops out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotion_bot_msgs.msg import Faces
from emotion_core.resources import cache_directory
from emotion_core.vision.alignment import aligned_crop
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.mtcnn import MtcnnDetector, MtcnnVerifier
from emotion_core.vision.tracking import FaceSource, FaceTracker, TrackerParameters
from emotion_core.vision.yunet import YuNetDetector
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_bot import images, people, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare

PARAMETERS = (
    Parameter("detector", "mtcnn", "Face detector.", choices=("mtcnn", "yunet")),
    Parameter("yunet_model", "", "Path of YuNet's ONNX file; needed for detector yunet."),
    Parameter("detection_interval", 0.4, "Seconds between full detections.", 0.05, 5.0),
    Parameter("minimum_face", 40, "Smallest face to look for, pixels.", 20, 400),
    Parameter("crop_size", 48, "Side of the aligned crop, pixels.", 32, 256),
)


class FacesNode(Node):
    """Runs the tracker once for every frame and publishes once for every frame."""

    def __init__(self) -> None:
        super().__init__("faces")
        values = declare(self, PARAMETERS)
        self._crop_size: int = values["crop_size"]
        self._frames = 0
        self._rejected = 0
        self._faces_in_view = 0
        self._rejection = ""
        self._tracker = _make_tracker(values)
        self._publisher = self.create_publisher(Faces, topics.FACES, qos.STREAM)
        self.create_subscription(Image, topics.IMAGE, self._on_image, qos.IMAGE_SUBSCRIBER)
        self._diagnostics = Diagnostics(self, values["detector"], self._health)

    def _on_image(self, message: Image) -> None:
        try:
            image = images.bgr_from_image(message)
            time = stamps.seconds_from_stamp(message.header.stamp)
            tracked = self._tracker.update(image, time)
        except ValueError as error:
            self._rejected += 1
            self._rejection = str(error)
            self.get_logger().error(f"frame rejected: {error}", throttle_duration_sec=5.0)
            return
        height, width = image.shape[:2]
        faces = [
            people.face_message(
                face,
                (width, height),
                None
                if face.source is FaceSource.PREDICTED
                else aligned_crop(image, face, self._crop_size),
                message.header,
            )
            for face in tracked
        ]
        self._publisher.publish(
            Faces(header=message.header, width=width, height=height, faces=faces)
        )
        self._frames += 1
        self._faces_in_view = len(faces)
        self._rejection = ""

    def _health(self) -> Health:
        values = {
            "frames": self._frames,
            "frames_rejected": self._rejected,
            "faces_in_view": self._faces_in_view,
        }
        if self._rejection:
            return Level.ERROR, f"frame rejected: {self._rejection}", values
        if self._frames == 0:
            return Level.WARN, f"no frame yet on {topics.IMAGE}", values
        return Level.OK, f"{self._faces_in_view} in view", values


def _make_tracker(values: Mapping[str, Any]) -> FaceTracker:
    mtcnn = cache_directory() / "mtcnn"
    parameters = TrackerParameters(detection_interval=values["detection_interval"])
    try:
        if values["detector"] == "yunet":
            detector = YuNetDetector(Path(values["yunet_model"]))
            return FaceTracker(detector, MtcnnVerifier(mtcnn), parameters)
        both = MtcnnDetector(mtcnn, minimum_face=values["minimum_face"])
        return FaceTracker(both, both, parameters)
    except DetectorError as error:
        raise runner.ConfigurationError(str(error)) from error


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(FacesNode, arguments))


if __name__ == "__main__":
    main()
