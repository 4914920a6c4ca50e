"""Sending the robot's state to everybody who watches, encoded once for all of them.

A message is the length of a JSON text (4 bytes, big endian), the text, and the JPEG of the picture
that the text describes, if there is a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

MAXIMUM_VIEWERS = 32

_SLOW_SECONDS = 1.0
_UNWATCHED_RATE = 2.0
_TRY_AGAIN_LATER = 1013
_LONGEST_REQUEST = 200

_NOTHING = b"\0\0\0\2{}"

Encoded = tuple[bytes, bytes | None]
"""A message without and, when a viewer lacks it, with the state that changes slowly."""


class Viewer:
    """One connected page. A slow one misses messages in between and delays nobody."""

    def __init__(self, websocket: WebSocket) -> None:
        self.watching = True
        self._websocket = websocket
        self._newest: Encoded | None = None
        self._revision = -1
        self._sent_revision = -1
        self._ready = asyncio.Event()

    def lacks(self, revision: int) -> bool:
        """Whether this revision of the slowly changing state has not been sent yet."""
        return self._sent_revision != revision

    def offer(self, message: Encoded, revision: int) -> None:
        """Put a message in place of one that was not sent yet."""
        self._newest = message
        self._revision = revision
        self._ready.set()

    async def send(self) -> None:
        """Send what is offered until the connection ends."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            message, self._newest = self._newest, None
            if message is None:
                continue
            short, full = message
            if full is not None and self.lacks(self._revision):
                self._sent_revision = self._revision
                await self._websocket.send_bytes(full)
            else:
                await self._websocket.send_bytes(short)

    async def receive(self) -> None:
        """Note whether the page is looked at until the connection ends."""
        while True:
            text = await self._websocket.receive_text()
            if text == "watch":
                self.watching = True
            elif text == "rest":
                self.watching = False
            elif len(text) > _LONGEST_REQUEST:
                return


class Hub:
    """Asks for the state at a fixed rate and hands it to the viewers.

    Args:
        watch: told whether anybody looks at the picture.
        poll: takes what has come from the robot.
        fast: gives what changes several times a second, and the JPEG.
        slow: gives the rest.
        greeting: gives what a new viewer needs once.
        rate: messages per second while somebody watches.
    """

    def __init__(
        self,
        watch: Callable[[bool], None],
        poll: Callable[[], None],
        fast: Callable[[], tuple[dict[str, Any], bytes]],
        slow: Callable[[], dict[str, Any]],
        greeting: Callable[[], dict[str, Any]],
        rate: float,
    ) -> None:
        self._watch = watch
        self._poll = poll
        self._fast = fast
        self._slow = slow
        self._greeting = greeting
        self._period = 1.0 / rate
        self._viewers: set[Viewer] = set()
        self._wake = asyncio.Event()
        self._revision = 0
        self._slow_values: dict[str, Any] = {}
        self._slow_time = -float("inf")

    @property
    def viewers(self) -> int:
        """How many pages are connected."""
        return len(self._viewers)

    @property
    def watching(self) -> int:
        """How many of them are looked at."""
        return sum(viewer.watching for viewer in self._viewers)

    def refresh(self) -> None:
        """Send the slowly changing state now instead of within a second."""
        self._slow_time = -float("inf")
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            begun = time.monotonic()
            watched = self.watching > 0
            self._watch(watched)
            self._poll()
            if self._viewers:
                self._send(begun)
            period = self._period if watched else 1.0 / _UNWATCHED_RATE
            pause = max(0.0, period - (time.monotonic() - begun))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            self._wake.clear()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        if len(self._viewers) >= MAXIMUM_VIEWERS:
            await websocket.accept()
            await websocket.close(_TRY_AGAIN_LATER, "too many viewers")
            return
        await websocket.accept()
        viewer = Viewer(websocket)
        await websocket.send_bytes(_encode(self._greeting(), b""))
        self._viewers.add(viewer)
        self.refresh()
        tasks = [asyncio.create_task(viewer.send()), asyncio.create_task(viewer.receive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._viewers.discard(viewer)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(
                    result, WebSocketDisconnect | RuntimeError | OSError
                ):
                    raise result
            if websocket.application_state is not WebSocketState.DISCONNECTED:
                with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                    await websocket.close()

    def _send(self, now: float) -> None:
        fast, jpeg = self._fast()
        if now - self._slow_time >= _SLOW_SECONDS:
            values = self._slow()
            self._slow_time = now
            self._slow_values = values
            self._revision += 1
        short = _encode(fast, jpeg)
        lacking = any(viewer.lacks(self._revision) for viewer in self._viewers)
        full = _encode({**fast, "slow": self._slow_values}, jpeg) if lacking else None
        resting = _encode({"slow": self._slow_values}, b"") if lacking else None
        for viewer in self._viewers:
            if viewer.watching:
                viewer.offer((short, full), self._revision)
            elif viewer.lacks(self._revision):
                viewer.offer((_NOTHING, resting), self._revision)


def _encode(values: dict[str, Any], jpeg: bytes) -> bytes:
    text = json.dumps(values, separators=(",", ":"), allow_nan=False).encode()
    return struct.pack(">I", len(text)) + text + jpeg
