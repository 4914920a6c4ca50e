"""A link and a board of a few lines at its other end, with a clock by hand."""

from __future__ import annotations

import struct

from emotion_core.head.link import HeadLink
from emotion_core.head.protocol.framing import Frame, FrameReader, encode
from emotion_core.head.protocol.messages import FrameType, Status

BLACK = (0.0, 0.0, 0.0)
TELEMETRY = 0.02


def welcome_payload(boot: int = 1, protocol: tuple[int, int] = (1, 0)) -> bytes:
    status = Status.OK if protocol[0] == 1 else Status.VERSION
    return struct.pack(
        "<7B2H4h", status, *protocol, 1, 0, 0, 1, boot, 0, -13962, 13962, -5235, 6981
    )


class Rig:
    """A link and a board that answers, unless told otherwise."""

    def __init__(self) -> None:
        self.now = 10.0
        self.link = HeadLink()
        self.reader = FrameReader()
        self.heard: list[tuple[float, Frame]] = []
        self.deaf = False
        self.linked = False
        self.boot = 1
        self.answer_acks = True
        self.telemetry = True
        self.protocol = (1, 0)
        self.link.opened(self.now)

    def run(self, duration: float, step: float = 0.001) -> None:
        end = self.now + duration
        while self.now < end - 1e-9:
            self.exchange()
            self.now += step
            if self.telemetry and round(self.now / step) % round(TELEMETRY / step) == 0:
                flags = 0x40 if self.linked else 0
                self.link.receive(encode(FrameType.MOTION, 0, bytes(4) + bytes((flags,))), self.now)

    def exchange(self) -> None:
        for frame in self.reader.push(self.link.outgoing(self.now)):
            if self.deaf:
                continue
            self.heard.append((self.now, frame))
            self.answer(frame)

    def answer(self, frame: Frame) -> None:
        if frame.type == FrameType.HELLO:
            self.linked = self.protocol[0] == 1
            payload = welcome_payload(self.boot, self.protocol)
            self.link.receive(encode(FrameType.WELCOME, frame.sequence, payload), self.now)
        elif self.answer_acks:
            status = Status.OK if self.linked else Status.NOT_LINKED
            self.say_ack(frame.sequence, status)

    def say_ack(self, sequence: int, status: Status) -> None:
        payload = bytes((status, 0x40)) + bytes(4)
        self.link.receive(encode(FrameType.ACK, sequence, payload), self.now)

    def command(self, pan: float, stamp_ns: int = 1) -> None:
        self.link.command(pan, 0.0, BLACK, stamp_ns, self.now)
        self.exchange()

    def targets(self) -> list[int]:
        return [
            struct.unpack_from("<h", frame.payload)[0]
            for _, frame in self.heard
            if frame.type == FrameType.TARGET
        ]
