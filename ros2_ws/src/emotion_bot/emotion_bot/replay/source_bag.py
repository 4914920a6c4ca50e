"""Bags without a running robot: the robot in simulated time looks at the scene or at a video."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from emotion_bot import images, stamps, topics
from emotion_bot.pipeline.emotion import EmotionPipeline
from emotion_bot.pipeline.faces import FacesPipeline
from emotion_bot.replay.bag_inputs import CAMERA_ON_HEAD
from emotion_bot.replay.compression import compressed
from emotion_bot.replay.names import ros_type_name
from emotion_bot.replay.offline_robot import OfflineRobot, RobotSettings
from emotion_core.replay.bag_metadata import Topic
from emotion_core.replay.bag_writer import BagOptions, BagWriter
from emotion_core.replay.message_types import MessageTypes
from emotion_core.vision.camera_model import PinholeCamera
from emotion_core.vision.frames import PacedSource, SourceSpecificationError
from emotion_core.vision.sources import SceneSource, VideoFile, parse_source

SOURCE: Final = "source"
"""Property of a bag: what its frames came from."""

START: Final = 1_700_000_000_000_000_000
"""Time of the first frame, ns, so that the same arguments give the same messages."""

_NANOSECONDS = 1_000_000_000
_HEAD_START = 100_000_000
"""The head reports for so long before the first frame, ns."""
_PROCESSING = 20_000_000
"""From a frame's capture to its faces, ns."""
_FIELD_OF_VIEW = math.radians(65)


def write_source_bag(
    path: Path,
    source: str,
    settings: Callable[[bool], RobotSettings],
    *,
    duration: float = math.inf,
    options: BagOptions | None = None,
    quality: int = 90,
    size: tuple[int, int] = (640, 480),
    fps: float = 30.0,
) -> int:
    """Let the robot look at a source and write everything it publishes to a bag.

    Before the scene, the head turns and the picture moves with it.

    Args:
        path: folder of the bag; it must not exist.
        source: ``scene[:MODE]`` or ``video:PATH``.
        settings: of the robot, from whether the camera is on its head.
        duration: at most, s; a scene needs one.
        options: of the bag.
        quality: of JPEG, 1 to 100.
        size: width and height of the scene's frames, pixels.
        fps: of the scene, frames per second.

    Returns:
        The number of frames.

    Raises:
        SourceError: if the source is none of these or cannot be read.
        BagError: if the bag exists.
    """
    frames = parse_source(source, width=size[0], height=size[1], fps=fps)
    if not isinstance(frames, SceneSource | VideoFile):
        raise SourceSpecificationError(f"source {source!r} must be scene[:MODE] or video:PATH")
    on_head = isinstance(frames, SceneSource)
    if on_head and math.isinf(duration):
        raise SourceSpecificationError(f"source {source!r} never ends: give a duration")
    options = options or BagOptions()
    properties = {**options.properties, SOURCE: source, CAMERA_ON_HEAD: str(on_head).lower()}
    chosen = settings(on_head)
    perception = FacesPipeline(chosen.faces)
    emotion = EmotionPipeline(chosen.emotion)
    frames.open()
    try:
        with BagWriter(path, replace(options, properties=properties)) as bag:
            publish = _Publisher(bag)
            robot = OfflineRobot(chosen, publish, START - _HEAD_START, own_head=True)
            if isinstance(frames, SceneSource):
                frames.pose = robot.head_pose_at
            return _look(frames, robot, perception, emotion, publish, duration, quality)
    finally:
        frames.close()


def _look(
    frames: PacedSource,
    robot: OfflineRobot,
    perception: FacesPipeline,
    emotion: EmotionPipeline,
    publish: Callable[[str, Any, int], None],
    duration: float,
    quality: int,
) -> int:
    count = 0
    while (offset := frames.prepare()) is not None and offset < duration:
        capture = START + round(offset * _NANOSECONDS)
        robot.advance(capture)
        frame = frames.read(lambda time=capture: time / _NANOSECONDS)  # type: ignore[misc]
        if frame is None:
            break
        header = Header(
            stamp=stamps.stamp_from_nanoseconds(capture), frame_id="camera_optical_frame"
        )
        height, width = frame.image.shape[:2]
        info = _camera_info(_camera(frames, width, height), header)
        publish(topics.CAMERA_INFO, info, capture)
        robot.camera_info(info)
        picture = compressed(images.image_message(frame.image, header), quality)
        publish(topics.COMPRESSED_IMAGE, picture, capture)
        robot.advance(capture + _PROCESSING)
        faces = perception.process(frame.image, header)
        robot.faces(faces, emotion.process(faces))
        count += 1
    return count


class _Publisher:
    """Writes what is published to a bag."""

    def __init__(self, bag: BagWriter) -> None:
        self._bag = bag
        self._types = MessageTypes()
        self._known: set[str] = set()

    def __call__(self, topic: str, message: Any, time: int) -> None:
        name = f"/{topic.lstrip('/')}"
        if name not in self._known:
            self._known.add(name)
            type_name = ros_type_name(type(message))
            definition, hash_ = self._types.definition(type_name), self._types.hash(type_name)
            self._bag.add_topic(Topic(name, type_name, definition, hash_))
        self._bag.write(name, time, time, serialize_message(message))


def _camera(frames: PacedSource, width: int, height: int) -> PinholeCamera:
    if isinstance(frames, SceneSource) and frames.scene is not None:
        return frames.scene.camera
    return PinholeCamera.from_field_of_view(width, height, _FIELD_OF_VIEW)


def _camera_info(camera: PinholeCamera, header: Header) -> CameraInfo:
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model=camera.distortion_model,
        d=camera.d.tolist(),
        k=camera.k.ravel(),
        r=camera.r.ravel(),
        p=camera.p.ravel(),
    )
