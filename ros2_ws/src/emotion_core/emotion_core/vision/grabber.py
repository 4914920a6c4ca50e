"""Grabbing pictures at the right pace: the newest of a camera, every one of a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from emotion_core.capture.backoff import Backoff
from emotion_core.capture.grabber import Grabber, GrabberState
from emotion_core.capture.source import Clock, Pace
from emotion_core.vision.frames import Frame, FrameSource, PacedSource

# A recorded file keeps this much unread video, so that a short stall of the reader loses nothing.
_RECORDED_QUEUE_SECONDS = 1.0
_RECORDED_QUEUE_BYTES = 256 * 2**20

# Behind its schedule by more than this, a schedule starts anew instead of rushing to catch up.
_RECORDED_LATENESS = 1.0
_LIVE_LATENESS_FRAMES = 2.0


def _stopped_clock(time: float) -> Clock:
    return lambda: time


class NewestFrameGrabber(Grabber[Frame]):
    """Reads a source in a thread of its own and hands over the newest picture.

    Of a live source only the newest picture is kept. Of a recorded file in real-time pace up to one
    second is kept, because there every picture matters; the pictures are taken at
    ``start + time in the recording`` without drift and carry that time. In the pace AS_CONSUMED the
    pictures carry the same times, but come as fast as they are taken and none is dropped.

    Args:
        source: opened, read and closed by the thread alone.
        clock: s; gives the capture times.
        pace: for sources without a pace of their own.
        backoff: see `Grabber`.
        wait: see `Grabber`.
    """

    def __init__(
        self,
        source: FrameSource,
        clock: Clock,
        *,
        pace: Pace = Pace.REAL_TIME,
        backoff: Backoff | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(source, clock, backoff=backoff, wait=wait)
        self._source = source
        self._pace = pace
        self._origin: float | None = None

    @property
    def source(self) -> FrameSource:
        """The source this grabber reads."""
        return self._source

    @property
    def origin(self) -> float | None:
        """Capture time of a recording's first picture, s; None for sources that are none.

        It moves when the recording is opened again, or falls far behind its schedule.
        """
        with self._condition:
            return self._origin

    def _reset(self) -> None:
        super()._reset()
        self._set_origin(None)

    def _capture(self) -> bool:
        self._set_state(GrabberState.OPEN)
        if self._source.realtime:
            while not self._stop.is_set() and (frame := self._source.read(self._clock)):
                self._put(frame, capacity=1)
        else:
            # Sources without a pace of their own implement PacedSource.
            self._capture_paced(cast(PacedSource, self._source))
        return True

    def _capture_paced(self, source: PacedSource) -> None:
        capacity = self._queue_capacity(source)
        lateness = _RECORDED_LATENESS if source.recorded else _LIVE_LATENESS_FRAMES / source.fps
        start, previous = self._clock(), 0.0
        while (offset := source.prepare()) is not None:
            due = start + offset
            if self._pace is Pace.REAL_TIME:
                late = self._wait_until(due, longest=offset - previous + lateness)
                if abs(late) > lateness:
                    # The clock was set, the computer slept, or it is too slow for this source.
                    start += late
                    due += late
            else:
                self._wait_for_room(capacity)
            if self._stop.is_set():
                return
            if source.recorded:
                self._set_origin(start)
            frame = source.read(_stopped_clock(due))
            if frame is None:
                return
            self._put(frame, capacity)
            previous = offset

    def _queue_capacity(self, source: PacedSource) -> int:
        if self._pace is Pace.AS_CONSUMED:
            return 2
        if not source.recorded:
            return 1
        frame_bytes = max(source.width * source.height * 3, 1)
        by_time = math.ceil(source.fps * _RECORDED_QUEUE_SECONDS)
        return max(min(by_time, _RECORDED_QUEUE_BYTES // frame_bytes), 2)

    def _set_origin(self, origin: float | None) -> None:
        with self._condition:
            self._origin = origin
