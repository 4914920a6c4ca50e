"""Requests for settings: one after the other, each repeated until the board answers it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from emotion_core.head.link_report import LinkError, RequestRefusedError
from emotion_core.head.protocol.framing import encode_after_delimiter
from emotion_core.head.protocol.messages import Ack, FrameType, Message, Status

REQUEST_INTERVAL: Final = 0.1
"""A request that is not answered is repeated after this, s."""
REQUEST_TRIES: Final = 10
"""A request for settings fails after so many tries."""


@dataclass(slots=True)
class _Request:
    type: FrameType
    payload: bytes
    future: Future[Message]
    sequence: int = -1
    last_sent: float = -math.inf
    tries: int = 0


class RequestQueue:
    """Requests that wait for their answer; only the oldest is on the line.

    Args:
        sequences: gives the sequence number of the next frame, in [0, 255], without end.
    """

    def __init__(self, sequences: Iterator[int]) -> None:
        self._sequences = sequences
        self._requests: deque[_Request] = deque()

    def add(self, frame_type: FrameType, payload: bytes) -> Future[Message]:
        """Queue a request; its future gives the answer or raises LinkError."""
        future: Future[Message] = Future()
        self._requests.append(_Request(frame_type, payload, future))
        return future

    def take_answer(self, sequence: int, message: Message) -> bool:
        """Give a message to the request that it answers; return whether there is one."""
        if not self._requests or self._requests[0].sequence != sequence:
            return False
        request = self._requests.popleft()
        if isinstance(message, Ack) and message.status is not Status.OK:
            request.future.set_exception(RequestRefusedError(request.type, message.status))
        else:
            request.future.set_result(message)
        return True

    def due(self, now: float) -> bytes:
        """Return the frame to write at a time in s; empty when none is due."""
        if not self._requests:
            return b""
        request = self._requests[0]
        if now - request.last_sent < REQUEST_INTERVAL:
            return b""
        if request.tries >= REQUEST_TRIES:
            self._requests.popleft()
            request.future.set_exception(LinkError(f"no answer to {request.type.name}"))
            return b""
        if request.sequence < 0:
            request.sequence = next(self._sequences)
        request.tries += 1
        request.last_sent = now
        return encode_after_delimiter(request.type, request.sequence, request.payload)

    def fail(self, error: LinkError) -> None:
        """End every request with an error."""
        while self._requests:
            self._requests.popleft().future.set_exception(error)
