"""Running the nodes' logic on a bag, as fast as it goes, with the same result every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from emotion_bot_msgs.msg import Expression, Faces, HeadCommand
from rclpy.serialization import deserialize_message, serialize_message

from emotion_bot import topics
from emotion_bot.pipeline.emotion import EmotionPipeline
from emotion_bot.pipeline.faces import FacesPipeline
from emotion_bot.replay.bag_inputs import (
    ahead,
    find_inputs,
    input_types,
    read_frame,
    read_inputs,
)
from emotion_bot.replay.names import ros_type_name
from emotion_bot.replay.offline_robot import OfflineRobot, Publish, RobotSettings
from emotion_core.inference.expression import ExpressionScores
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.message_types import MessageTypes

_Input = tuple[int, str, Any]
"""Time in ns, topic or one of the two below, and what came."""
_PICTURE = "picture"
_REJECTED = "rejected"
_PROGRESS_STEP = 25
_BATCH = 8
"""Frames that are scored together; always as many, so that the result stays the same."""
_HASHED = {topics.EXPRESSION: Expression, topics.HEAD_COMMAND: HeadCommand}


class OutputHash:
    """SHA-256 over all expression and head command messages, in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._types = MessageTypes()

    def take(self, topic: str, message: Any, _time: int) -> None:
        """Add a published message; those of other topics do not count."""
        if topic in _HASHED:
            data = self.encode(message)
            self._hash.update(len(data).to_bytes(8, "little") + data)

    def encode(self, message: Any) -> bytes:
        """Return a message as bytes that are the same for equal messages."""
        return self._types.canonical(ros_type_name(type(message)), serialize_message(message))

    def hexdigest(self) -> str:
        """Return the hash so far."""
        return self._hash.hexdigest()


@dataclass(frozen=True)
class ExactReplay:
    """What an exact replay amounts to.

    Attributes:
        hash: of the output.
        frames: number of frames played.
        duration: of the bag, s.
        elapsed: what the replay took, s.
        rejections: how often something could not be used, by reason.
    """

    hash: str
    frames: int
    duration: float
    elapsed: float
    rejections: dict[str, int] = field(default_factory=dict)

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time."""
        return self.duration / self.elapsed if self.elapsed > 0 else 0.0


def replay_exactly(
    bag: BagReader,
    settings: RobotSettings,
    publish: Publish,
    clock: Callable[[], float],
    progress: Callable[[float], None] = lambda _share: None,
) -> ExactReplay:
    """Run the robot's logic on a bag.

    Args:
        bag: open.
        settings: of the robot.
        publish: takes what the robot publishes.
        clock: s, for the time it takes.
        progress: called now and then with the share that is done, [0, 1].

    Raises:
        BagError: if the bag lacks frames or is damaged.
        DetectorError: if the face detector cannot be loaded.
        ModelError: if the face model cannot be loaded.
    """
    recorded_head = topics.JOINT_STATES in find_inputs(bag).values()
    output = OutputHash()

    def publish_and_hash(topic: str, message: Any, time: int) -> None:
        output.take(topic, message, time)
        publish(topic, message, time)

    robot = OfflineRobot(settings, publish_and_hash, bag.start, own_head=not recorded_head)
    perception = FacesPipeline(settings.faces)
    emotion = EmotionPipeline(settings.emotion)
    takers = {
        topics.CAMERA_INFO: robot.camera_info,
        topics.JOINT_STATES: robot.joint_state,
        topics.POSTURE: robot.posture,
        topics.VOICE: emotion.hear_voice,
        topics.SPEECH: emotion.hear_words,
    }
    frames = 0
    _load_message_support(output)
    started = clock()
    # Pictures depend on the bag alone, faces on pictures and scores on faces: threads go ahead.
    inputs = ahead(
        _with_scores(ahead(_with_faces(ahead(_with_pictures(bag)), perception)), emotion)
    )
    for time, topic, message in inputs:
        robot.advance(time)
        if topic in takers:
            try:
                takers[topic](message)
            except ValueError as error:
                robot.rejections[f"{topic}: {error}"] += 1
            continue
        frames += 1
        if topic == _REJECTED:
            robot.rejections[message] += 1
            continue
        faces, scores = message
        if scores is None:
            robot.rejections["crops that the model cannot read"] += 1
        robot.faces(faces, emotion.fuse(faces, scores) if scores is not None else ())
        robot.speaker(emotion.speaker)
        if frames % _PROGRESS_STEP == 0:
            progress((time - bag.start) / max(bag.end - bag.start, 1))
    robot.advance(bag.end)
    return ExactReplay(
        output.hexdigest(), frames, bag.duration, clock() - started, dict(robot.rejections)
    )


def _load_message_support(output: OutputHash) -> None:
    """Load what messages need at their first use, so that it does not count as replaying."""
    for message_type in input_types().values():
        deserialize_message(serialize_message(message_type()), message_type)
    for message_type in _HASHED.values():
        output.encode(message_type())


def _with_pictures(bag: BagReader) -> Iterator[_Input]:
    """Yield the inputs; in the place of a frame, its picture and header or why it has none."""
    for time, topic, message in read_inputs(bag):
        if not topic.startswith(topics.IMAGE):
            yield time, topic, message
            continue
        try:
            picture = read_frame(message)
        except ValueError as error:
            yield time, _REJECTED, f"frame: {error}"
        else:
            yield time, _PICTURE, (picture, message.header)


def _with_faces(inputs: Iterable[_Input], perception: FacesPipeline) -> Iterator[_Input]:
    """Yield the inputs with faces in the place of pictures; for an unusable one, the reason."""
    for time, topic, message in inputs:
        if topic != _PICTURE:
            yield time, topic, message
            continue
        try:
            faces = perception.process(*message)
        except ValueError as error:
            yield time, _REJECTED, f"frame: {error}"
        else:
            yield time, topics.FACES, faces


def _with_scores(inputs: Iterable[_Input], emotion: EmotionPipeline) -> Iterator[_Input]:
    """Yield the inputs with scores beside the faces; None where the crops cannot be read."""
    waiting: list[_Input] = []
    faces: list[Faces] = []

    def scored() -> Iterator[_Input]:
        scores = iter(_score(faces, emotion))
        for time, topic, message in waiting:
            found = (message, next(scores)) if topic == topics.FACES else message
            yield time, topic, found
        waiting.clear()
        faces.clear()

    for entry in inputs:
        waiting.append(entry)
        if entry[1] == topics.FACES:
            faces.append(entry[2])
        if len(faces) == _BATCH:
            yield from scored()
    yield from scored()


def _score(faces: Sequence[Faces], emotion: EmotionPipeline) -> list[ExpressionScores | None]:
    try:
        return [*emotion.score(faces)]
    except ValueError:
        if len(faces) == 1:
            return [None]
        return [score for one in faces for score in _score([one], emotion)]
