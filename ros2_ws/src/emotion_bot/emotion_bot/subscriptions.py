"""Subscriptions that refuse messages of absurd size before they become Python objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

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
        if is_readable(node, topic, data, largest):
            callback(deserialize_message(data, message_type))

    return node.create_subscription(message_type, topic, on_bytes, profile, raw=True)


def is_readable(node: Node, topic: str, data: bytes, largest: int = LARGEST_BYTES) -> bool:
    """Return whether a serialised message is small enough; the node logs one that is not."""
    if len(data) <= largest:
        return True
    node.get_logger().error(
        f"{topic}: a message of {len(data)} bytes is refused, at most {largest} are read",
        throttle_duration_sec=_COMPLAINT_SECONDS,
    )
    return False
