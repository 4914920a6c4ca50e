"""Writing what subscriptions deliver to a bag, in a thread that may fall behind for a while."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from emotion_bot.images import ImageEncodingError
from emotion_bot.replay.compression import compressed
from emotion_bot.serialization import UnreadableMessageError, read_message
from emotion_core.replay.bag_metadata import Topic
from emotion_core.replay.bag_writer import BagWriter

WAITING_LIMIT: Final = 256 << 20
"""Most bytes that may wait for the thread; what comes then is lost."""

_Item = tuple[Topic, bool, bytes, int, int]


@dataclass(frozen=True)
class RecordingStatus:
    """How a recording goes.

    Attributes:
        written: messages in the bag.
        dropped: messages lost for lack of space, time or a readable image.
        size: of the bag, bytes.
        trouble: what is wrong at present; empty when all is well.
        ended: whether the size limit has ended it.
    """

    written: int
    dropped: int
    size: int
    trouble: str
    ended: bool


class Recording:
    """Takes messages from the executor's thread and writes them in its own.

    Args:
        bag: that is written; closed by `close`.
        flush_period: between two flushes, s: what a killed recorder may lose.
        jpeg_quality: 1 to 100.
        clock: monotonic, s.
    """

    def __init__(
        self,
        bag: BagWriter,
        flush_period: float,
        jpeg_quality: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bag = bag
        self._flush_period = flush_period
        self._jpeg_quality = jpeg_quality
        self._clock = clock
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._dropped = 0
        self._unreadable = ""
        self._status = RecordingStatus(0, 0, bag.size, "", ended=False)
        self._properties: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def status(self) -> RecordingStatus:
        """How it went up to the last flush."""
        with self._lock:
            return self._status

    def note(self, key: str, value: str) -> None:
        """Note something with the recording."""
        with self._lock:
            self._properties[key] = value

    def take(
        self, topic: Topic, compress: bool, data: bytes, log_time: int, publish_time: int
    ) -> None:
        """Take a serialized message.

        Args:
            topic: under which it is written.
            compress: whether it is a `sensor_msgs/msg/Image` to be written as JPEG.
            data: in CDR.
            log_time: when it was received, ns.
            publish_time: when it was sent, ns.
        """
        with self._lock:
            if self._waiting + len(data) > WAITING_LIMIT:
                self._dropped += 1
                return
            self._waiting += len(data)
        self._queue.put((topic, compress, data, log_time, publish_time))

    def close(self) -> None:
        """Write what waits and close the bag; safe to call twice."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        next_flush = self._clock() + self._flush_period
        while True:
            try:
                item = self._queue.get(timeout=max(next_flush - self._clock(), 0.0))
            except queue.Empty:
                pass
            else:
                if item is None:
                    break
                self._write(*item)
            if self._clock() >= next_flush:
                self._flush()
                next_flush = self._clock() + self._flush_period
        self._bag.close()
        self._flush()

    def _write(
        self, topic: Topic, compress: bool, data: bytes, log_time: int, publish_time: int
    ) -> None:
        size = len(data)
        try:
            if compress:
                image = read_message(data, Image)
                data = serialize_message(compressed(image, self._jpeg_quality))
        except (ImageEncodingError, UnreadableMessageError) as error:
            with self._lock:
                self._dropped += 1
                self._unreadable = str(error)
        else:
            self._bag.add_topic(topic)
            self._bag.write(topic.name, log_time, publish_time, data)
        with self._lock:
            self._waiting -= size

    def _flush(self) -> None:
        with self._lock:
            properties, self._properties = self._properties, {}
        for key, value in properties.items():
            self._bag.set_property(key, value)
        self._bag.flush()
        with self._lock:
            self._status = RecordingStatus(
                self._bag.written,
                self._bag.dropped + self._dropped,
                self._bag.size,
                self._bag.trouble or self._unreadable,
                self._bag.ended,
            )
            self._unreadable = ""
