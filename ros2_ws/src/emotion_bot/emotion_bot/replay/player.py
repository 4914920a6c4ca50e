"""The node that plays a bag into other nodes, with its own time on /clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from emotion_bot import images, qos, topics
from emotion_bot.replay.answers import ANSWERS, Answers
from emotion_bot.replay.bag_inputs import ahead, find_inputs, input_types, read_frame, read_inputs
from emotion_bot.replay.collector import COLLECTED
from emotion_bot.replay.pacing import PacedClock
from emotion_bot.stamps import nanoseconds_from_stamp, stamp_from_nanoseconds
from emotion_core.replay.bag_reader import BagReader

CLOCK = "/clock"
CLOCK_STEP = 10_000_000
"""Longest step of the clock, ns."""

HEARD_JOINT_STATES = "replayed/joint_states"
"""Where the head publishes its angles while the recorded ones are played."""

MOST_UNANSWERED = 4
"""The bag waits when more answers than this are owed, so that a slow computer loses none."""

_ANSWER_TIMEOUT_SECONDS = 4.0
_ATTEMPTS = 3

_READERS = {topics.FACES: 2, topics.HEAD_COMMAND: 1}
"""How many of the nodes read what another one publishes."""

_PROFILES: dict[str, QoSProfile] = {
    topics.IMAGE: qos.IMAGE_PUBLISHER,
    topics.CAMERA_INFO: qos.STREAM_PUBLISHER,
    topics.JOINT_STATES: qos.STREAM_PUBLISHER,
    topics.POSTURE: qos.STREAM_PUBLISHER,
}


class PlayerError(RuntimeError):
    """A bag cannot be played; the message says why."""


class Player(Node):
    """Publishes what a bag holds for the robot and listens to the answers.

    Args:
        bag: open.
        rate: how many times faster than real time.
        namespace: of the nodes it is played to.
        clock: monotonic, s.

    Attributes:
        answers: of the nodes.
        resent: frames that had to be sent again.

    Raises:
        BagError: if the bag holds no frames.
    """

    def __init__(
        self,
        bag: BagReader,
        rate: float,
        namespace: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            "player",
            namespace=namespace or None,
            parameter_overrides=[Parameter("use_sim_time", value=False)],
        )
        self.answers = Answers()
        self.resent = 0
        self._last_frame: Image | None = None
        self._bag = bag
        self._monotonic = clock
        self._pace = PacedClock(bag.start, rate, clock)
        self._pace.hold(bag.start)
        self._time = self.create_publisher(Clock, CLOCK, 10)
        self._inputs: dict[str, Publisher] = {}
        recorded = {
            topic.removesuffix(topics.COMPRESSED_SUFFIX) for topic in find_inputs(bag).values()
        }
        for topic, message_type in input_types().items():
            if topic in recorded:
                self._inputs[topic] = self.create_publisher(message_type, topic, _PROFILES[topic])
        for topic, message_type in COLLECTED.items():
            heard = topic
            if topic == topics.JOINT_STATES and topic in recorded:
                heard = HEARD_JOINT_STATES
            self.create_subscription(message_type, heard, self._taker(topic), qos.OBSERVER)

    def rivals(self) -> list[str]:
        """Return the topics that somebody else publishes too, as a running robot would."""
        return [
            topic
            for topic, publisher in self._inputs.items()
            if self.count_publishers(publisher.topic_name) > 1
        ]

    def missing(self, clock_readers: int) -> list[str]:
        """Return the topics that still lack a reader or a writer.

        Args:
            clock_readers: number of nodes that must hear the time.
        """
        missing = [
            topic
            for topic, publisher in self._inputs.items()
            if topic != topics.POSTURE and publisher.get_subscription_count() == 0
        ]
        if self._time.get_subscription_count() < clock_readers:
            missing.append(CLOCK)
        if clock_readers:
            missing += [topic for topic in ANSWERS if self.count_publishers(topic) == 0]
            # Each is heard by this node too.
            missing += [
                topic
                for topic, readers in _READERS.items()
                if self.count_subscribers(topic) < 1 + readers
            ]
        return missing

    def will_be_answered(self) -> bool:
        """Return whether somebody publishes every kind of answer."""
        return all(self.count_publishers(topic) > 0 for topic in ANSWERS)

    def tell_time(self) -> None:
        """Publish the time of the bag."""
        self._time.publish(Clock(clock=stamp_from_nanoseconds(self._pace.now())))

    def play(self, *, wait_for_answers: bool, going_on: Callable[[], bool]) -> None:
        """Publish everything; returns when the bag is over.

        Args:
            wait_for_answers: whether time stands still while the nodes cannot follow.
            going_on: asked often; False ends it.

        Raises:
            BagError: if the bag is damaged.
        """
        self._pace.go_on()
        frames = 0
        for due, topic, message in ahead(self._messages()):
            if not self._advance(due, going_on):
                return
            if topic == topics.IMAGE:
                if wait_for_answers:
                    # All of the first one: the nodes may not have found each other before.
                    self._wait_for_answers(MOST_UNANSWERED if frames > 1 else 0)
                frames += 1
                # First, because the answer may come before `publish` returns.
                stamp = nanoseconds_from_stamp(message.header.stamp)
                self.answers.played(stamp, self._monotonic())
                self._last_frame = message
            self._inputs[topic].publish(message)
        self._advance(self._bag.end, going_on)
        if wait_for_answers:
            self._wait_for_answers(0)

    def _messages(self) -> Any:
        for due, topic, message in read_inputs(self._bag):
            relative = topic.removesuffix(topics.COMPRESSED_SUFFIX)
            if relative == topics.IMAGE and not isinstance(message, Image):
                try:
                    message = images.image_message(read_frame(message), message.header)
                except ValueError as error:
                    self.get_logger().error(f"frame at {due} ns left out: {error}")
                    continue
            yield due, relative, message

    def _advance(self, due: int, going_on: Callable[[], bool]) -> bool:
        """Let the time of the bag pass; return whether to go on."""
        while (wait := self._pace.seconds_until(due)) > 0:
            if not going_on():
                return False
            time.sleep(min(wait, CLOCK_STEP * 1e-9))
            self.tell_time()
        return going_on()

    def _wait_for_answers(self, most: int) -> None:
        """Hold the time of the bag until the last frame has its faces and little else is owed.

        Cameras need not be reliable, and so nodes read frames with best effort: on a computer that
        is overloaded, one may get lost on the way. With one frame on its way, it can be sent again;
        what follows from it is then published again too.
        """
        if self.answers.wait(most, 0):
            return
        self._pace.hold(self._pace.now())
        for _ in range(_ATTEMPTS):
            if self.answers.wait(most, _ANSWER_TIMEOUT_SECONDS):
                break
            if self._last_frame is not None:
                self.resent += 1
                self._inputs[topics.IMAGE].publish(self._last_frame)
        else:
            self.answers.give_up()
        self._pace.go_on()

    def _taker(self, topic: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            self.answers.take(topic, message, self._pace.now(), self._monotonic())

        return take
