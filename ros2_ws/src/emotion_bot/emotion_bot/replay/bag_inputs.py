"""What a bag holds for the robot: its camera, its head, its behaviour and what it heard."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from emotion_bot_msgs.msg import Posture, Speech, Voice
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from emotion_bot import images, topics
from emotion_bot.replay.compression import decompressed
from emotion_bot.serialization import UnreadableMessageError, read_message
from emotion_core.replay.bag_metadata import BagError
from emotion_core.replay.bag_reader import BagMessage, BagReader

CAMERA_ON_HEAD: Final = "camera_on_head"
"""Property of a bag: ``true`` if the camera turned with the head, ``false`` if not."""

_AHEAD = 32

T = TypeVar("T")


def input_types() -> dict[str, type]:
    """Return the types of the relative topics that are played into the robot."""
    return {
        topics.COMPRESSED_IMAGE: CompressedImage,
        topics.IMAGE: Image,
        topics.CAMERA_INFO: CameraInfo,
        topics.JOINT_STATES: JointState,
        topics.POSTURE: Posture,
        topics.VOICE: Voice,
        topics.SPEECH: Speech,
    }


def find_inputs(bag: BagReader) -> dict[str, str]:
    """Return the relative topic for each recorded topic that is played into the robot.

    Of the frames, the compressed ones are taken where both kinds were recorded.

    Raises:
        BagError: if there are no frames, or more than one robot was recorded.
    """
    found = {}
    for relative in input_types():
        names = [name for name in bag.topics if name.endswith(f"/{relative}")]
        if len(names) > 1:
            raise BagError(f"bag {bag.path} holds more than one {relative}: {', '.join(names)}")
        if names and bag.counts[names[0]] > 0:
            found[names[0]] = relative
    frames = [name for name, relative in found.items() if relative.startswith(topics.IMAGE)]
    if not frames:
        raise BagError(f"bag {bag.path} holds no frames: nothing on {topics.IMAGE}")
    for name in frames[1:]:
        del found[name]
    return found


def camera_on_head(bag: BagReader, default: bool = True) -> bool:
    """Return whether the camera of the recorded robot turned with its head."""
    return bag.properties.get(CAMERA_ON_HEAD, str(default).lower()) == "true"


def read_frame(message: Image | CompressedImage) -> npt.NDArray[np.uint8]:
    """Return a recorded frame as uint8 (H, W, 3) BGR.

    Raises:
        ImageEncodingError: if it cannot be read.
    """
    if isinstance(message, CompressedImage):
        return decompressed(message)
    return images.bgr_from_image(message)


def read_inputs(bag: BagReader) -> Iterator[tuple[int, str, Any]]:
    """Yield time (ns), relative topic and message of everything that is played into the robot.

    Raises:
        BagError: if the bag lacks frames or is damaged.
    """
    relative = find_inputs(bag)
    types = input_types()
    for message in bag.messages(relative.keys()):
        topic = relative[message.topic]
        yield message.time, topic, content_of(bag, message, types[topic])


def content_of(bag: BagReader, message: BagMessage, message_type: type[T]) -> T:
    """Return the content of a message of a bag.

    Raises:
        BagError: if it is not of this type.
    """
    try:
        return read_message(message.data, message_type)
    except UnreadableMessageError as error:
        raise BagError(f"bag {bag.path}: {message.topic} at {message.time} ns: {error}") from error


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, computed in a thread a few items before they are asked for."""
    waiting: queue.Queue[Callable[[], T] | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: Callable[[], T] | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put(lambda item=item: item)  # type: ignore[misc]
                if stopped.is_set():
                    return
        except BaseException as error:
            put(lambda error=error: _throw(error))  # type: ignore[misc]
        finally:
            # A generator that reads ahead itself ends its own thread by that.
            if isinstance(items, Generator):
                items.close()
            put(None)

    thread = threading.Thread(target=work, name="reading ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            yield item()
    finally:
        stopped.set()
        thread.join()


def _throw(error: BaseException) -> Any:
    raise error
