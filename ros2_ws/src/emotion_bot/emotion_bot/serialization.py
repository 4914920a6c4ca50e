"""Bytes to messages, with an error that a node can live with."""

from __future__ import annotations

from typing import TypeVar

from rclpy.serialization import deserialize_message

Message = TypeVar("Message")


class UnreadableMessageError(ValueError):
    """Bytes are not what their topic's type says; the message names the type."""


def read_message(data: bytes, message_type: type[Message]) -> Message:
    """Return the message that is serialised in CDR.

    Raises:
        UnreadableMessageError: if the bytes are torn or of another type. Shared memory may hold
            such bytes after its writer was killed.
    """
    try:
        message: Message = deserialize_message(data, message_type)
    except Exception as error:  # rclpy raises RuntimeError or its own, without a common base
        raise UnreadableMessageError(
            f"{len(data)} bytes that are no {message_type.__name__}: {error}"
        ) from error
    return message
