"""Taking messages when they are wanted instead of waking up for each.

A page shows ten states a second; the topics carry several hundred messages. An executor would build
a wait set for each of them. Here DDS keeps the newest few of each topic, and one call takes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from emotion_bot.subscriptions import read_or_refuse


class PolledGroup(CallbackGroup):
    """Keeps the executor away from the entities in it."""

    def can_execute(self, _entity: object) -> bool:
        """Return False: whoever made the entity takes from it."""
        return False

    def beginning_execution(self, _entity: object) -> bool:
        """Return False, for the same reason."""
        return False

    def ending_execution(self, _entity: object) -> None:
        """Nothing has begun."""


class Polled:
    """A subscription that is read by :meth:`take` alone, from one thread.

    Messages of absurd size are refused, see `emotion_bot.subscriptions`.

    Args:
        node: subscribes.
        group: a :class:`PolledGroup`.
        message_type: of the topic.
        topic: relative name.
        quality: its depth is the number of messages kept between two calls.
        raw: give serialized bytes, of any size, instead of messages.
    """

    def __init__(
        self,
        node: Node,
        group: PolledGroup,
        message_type: type,
        topic: str,
        quality: QoSProfile,
        *,
        raw: bool = False,
    ) -> None:
        self._node = node
        self._subscription: Subscription = node.create_subscription(
            message_type, topic, lambda _data: None, quality, callback_group=group, raw=True
        )
        self._topic = topic
        self._raw = raw

    def take(self) -> Iterator[tuple[Any, int]]:
        """Yield what came since the last call, oldest first, with the time of its arrival in ns."""
        subscription = self._subscription
        # Bounded, because a fast publisher could fill the queue as quickly as it is emptied.
        for _ in range(subscription.qos_profile.depth):
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, True)
            if taken is None:
                return
            data, info = taken
            if self._raw:
                yield data, info["received_timestamp"]
                continue
            message = read_or_refuse(self._node, self._topic, data, subscription.msg_type)
            if message is not None:
                yield message, info["received_timestamp"]

    def destroy(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)
