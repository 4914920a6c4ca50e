"""What a link tells its users: how far it is, its errors, the newest from the board, its counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from emotion_core.head.protocol.messages import (
    FrameType,
    Health,
    Motion,
    SetPoint,
    Status,
    Welcome,
)


class LinkError(RuntimeError):
    """The board did not answer, or not as it should."""


class RequestRefusedError(LinkError):
    """The board answered a request with a status that is not OK."""

    def __init__(self, frame_type: FrameType, status: Status) -> None:
        super().__init__(f"the board refused {frame_type.name}: {status.name}")
        self.status = status


class Phase(Enum):
    """How far the link is."""

    CLOSED = "closed"
    HANDSHAKE = "handshake"
    LINKED = "linked"
    REFUSED = "refused"


@dataclass(slots=True)
class LinkStatistics:
    """What the link counted since the program started.

    Attributes:
        sent: commands given by the program.
        acked: of these, acknowledged by the board.
        acked_at_once: of these, without a second try.
        lost: commands that three tries did not bring through, and that no newer one replaced.
        handshakes: completed handshakes.
        board_resets: handshakes that found another boot counter than the one before.
    """

    sent: int = 0
    acked: int = 0
    acked_at_once: int = 0
    lost: int = 0
    handshakes: int = 0
    board_resets: int = 0


@dataclass(slots=True)
class BoardReport:
    """The newest that the board has said; times are those given to ``HeadLink.receive``."""

    motion: Motion | None = None
    motion_time: float = 0.0
    set_point: SetPoint | None = None
    health: Health | None = None
    welcome: Welcome | None = None
    limited: bool = False
    acked_stamp_ns: int = 0
    acked_time: float = 0.0
    round_trip: float = math.nan
    statistics: LinkStatistics = field(default_factory=LinkStatistics)
