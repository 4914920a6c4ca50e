"""Subscriptions that refuse messages of absurd size before they become Python objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from emotion_bot.serialization import UnreadableMessageError, read_message

LARGEST_BYTES: Final = 2**18
"""Of a serialised message. The largest of ours, ten faces with their crops, has 30 kB; a million
faces would keep a node busy for half a minute, and what thousands need is kept for good."""

_COMPLAINT_SECONDS: Final = 5.0

Message = TypeVar("Message")


def subscribe(
    node: Node,
    message_type: type[Message],
    topic: str,
    callback: Callable[[Message], object],
    profile: QoSProfile,
    largest: int = LARGEST_BYTES,
) -> Subscription[Any]:
    """Subscribe to a topic whose messages are small by nature.

    Args:
        node: that subscribes; it logs what is refused.
        message_type: of the topic.
        topic: name.
        callback: takes the messages.
        profile: quality of service.
        largest: bytes of a serialised message above which it is refused.
    """

    def on_bytes(data: bytes) -> None:
        if (message := read_or_refuse(node, topic, data, message_type, largest)) is not None:
            callback(message)

    return node.create_subscription(message_type, topic, on_bytes, profile, raw=True)


def read_or_refuse(
    node: Node, topic: str, data: bytes, message_type: type[Message], largest: int = LARGEST_BYTES
) -> Message | None:
    """Return a message, or None when it is too large or unreadable, which the node logs."""
    try:
        if len(data) <= largest:
            return read_message(data, message_type)
        fault = f"a message of {len(data)} bytes is refused, at most {largest} are read"
    except UnreadableMessageError as error:
        fault = str(error)
    node.get_logger().error(f"{topic}: {fault}", throttle_duration_sec=_COMPLAINT_SECONDS)
    return None
