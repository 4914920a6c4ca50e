"""Camera frames in, tracked faces with aligned crops out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from emotion_bot_msgs.msg import Faces
from std_msgs.msg import Header

from emotion_bot import people, stamps
from emotion_bot.parameters import Parameter
from emotion_core.resources import cache_directory
from emotion_core.vision.alignment import aligned_crop
from emotion_core.vision.mtcnn import MtcnnDetector, MtcnnVerifier
from emotion_core.vision.tracking import FaceSource, FaceTracker, TrackerParameters
from emotion_core.vision.warm_up import warm_up
from emotion_core.vision.yunet import YuNetDetector

PARAMETERS = (
    Parameter("detector", "mtcnn", "Face detector.", choices=("mtcnn", "yunet")),
    Parameter("yunet_model", "", "Path of YuNet's ONNX file; needed for detector yunet."),
    Parameter(
        "detection_interval",
        TrackerParameters().detection_interval,
        "Seconds between full detections while all faces are in sight.",
        0.05,
        5.0,
    ),
    Parameter("minimum_face", 40, "Smallest face to look for, pixels.", 20, 400),
    Parameter(
        "maximum_age",
        0.1,
        "Under load, frames older than this are passed over, s; 0 answers every frame.",
        0.0,
        2.0,
    ),
    Parameter(
        "maximum_rate",
        35.0,
        "Frames of a faster camera are passed over, 1/s; 0 answers every frame.",
        0.0,
        1000.0,
    ),
    Parameter("crop_size", 48, "Side of the aligned crop, pixels.", 32, 256),
)


class FacesPipeline:
    """Runs the tracker once for every frame.

    Args:
        values: of `PARAMETERS`, by name.
        id_prefix: what face ids start with; a run whose ids must not meet another's needs its own.

    Raises:
        DetectorError: if a network of the detector is missing or damaged.
    """

    def __init__(self, values: Mapping[str, Any], id_prefix: str = "f") -> None:
        self._crop_size: int = values["crop_size"]
        self._tracker = _make_tracker(values, id_prefix)
        warm_up()

    def process(self, image: npt.NDArray[np.uint8], header: Header) -> Faces:
        """Return the faces of a frame.

        Args:
            image: uint8 (H, W, 3) BGR.
            header: of the frame; its stamp is the capture time.

        Raises:
            ValueError: if the image or its time is unusable; the tracker is then unchanged.
        """
        tracked = self._tracker.update(image, stamps.seconds_from_stamp(header.stamp))
        height, width = image.shape[:2]
        faces = [
            people.face_message(
                face,
                (width, height),
                None
                if face.source is FaceSource.PREDICTED
                else aligned_crop(image, face, self._crop_size),
                header,
            )
            for face in tracked
        ]
        return Faces(header=header, width=width, height=height, faces=faces)


def _make_tracker(values: Mapping[str, Any], id_prefix: str) -> FaceTracker:
    mtcnn = cache_directory() / "mtcnn"
    parameters = TrackerParameters(detection_interval=values["detection_interval"])
    if values["detector"] == "yunet":
        detector = YuNetDetector(Path(values["yunet_model"]))
        return FaceTracker(detector, MtcnnVerifier(mtcnn), parameters, id_prefix=id_prefix)
    both = MtcnnDetector(mtcnn, minimum_face=values["minimum_face"])
    return FaceTracker(both, both, parameters, id_prefix=id_prefix)
