"""Grabbing sound at the right pace, and keeping it on the time line of its pictures."""

from __future__ import annotations

import math
from collections.abc import Callable

from emotion_core.audio.chunks import CHUNK_SECONDS, AudioChunk, AudioSource
from emotion_core.capture.backoff import Backoff
from emotion_core.capture.grabber import Grabber, GrabberState
from emotion_core.capture.source import Clock, Pace

_QUEUED_CHUNKS = round(3.0 / CHUNK_SECONDS)

_LATENESS = 3.0
"""A recording behind its schedule by more than this passes over what is too late."""

_ORIGIN_POLL_SECONDS = 0.02

_CATCH_UP_SECONDS = 0.002
"""Between late chunks, so that a burst leaves their receivers time."""


class AudioGrabber(Grabber[AudioChunk]):
    """Reads a source in a thread of its own.

    A recording in real-time pace is handed over as a device would: each chunk when its last sample
    is due. Chunks that are passed over as too late count as dropped.

    Args:
        source: opened, read and closed by the thread alone.
        clock: s.
        pace: for recordings.
        origin: gives the time of a recording's origin, s, or None while that is not known yet; when
            its answer changes, the sound goes on where the new origin puts it, and no time is heard
            twice. Without it the origin is the moment the file was opened, and moves on when the
            reader is late.
        backoff: see `Grabber`.
        wait: see `Grabber`.
    """

    def __init__(
        self,
        source: AudioSource,
        clock: Clock,
        *,
        pace: Pace = Pace.REAL_TIME,
        origin: Callable[[], float | None] | None = None,
        backoff: Backoff | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(source, clock, backoff=backoff, wait=wait)
        self._source = source
        self._pace = pace
        self._origin = origin
        self._heard_until = -math.inf

    def _reset(self) -> None:
        super()._reset()
        self._heard_until = -math.inf

    def _capture(self) -> bool:
        if self._source.realtime:
            self._set_state(GrabberState.OPEN)
            while not self._stop.is_set() and (chunk := self._source.read(self._clock)):
                self._put(chunk, _QUEUED_CHUNKS)
            return True
        origin = self._await_origin()
        if origin is None:
            return False
        self._set_state(GrabberState.OPEN)
        return self._capture_recording(origin)

    def _capture_recording(self, origin: float) -> bool:
        previous = 0.0
        while (chunk := self._source.read(self._clock)) is not None:
            if self._origin is not None and self._origin() != origin:
                return False
            if origin + chunk.time < self._heard_until:
                # With the origin before this one, sound was heard for that time already.
                continue
            if self._pace is Pace.AS_CONSUMED:
                self._wait_for_room(2)
            else:
                late = self._await_due(origin + chunk.time, chunk.time - previous + _LATENESS)
                if abs(late) > _LATENESS and self._origin is None:
                    # The clock was set or the computer slept.
                    origin += late
                elif late > _LATENESS:
                    self._count(captured=1, dropped=1)
                    continue
            if self._stop.is_set():
                return False
            previous = chunk.time
            self._heard_until = origin + chunk.time + CHUNK_SECONDS / 2
            self._put(AudioChunk(chunk.samples, origin + chunk.time), _QUEUED_CHUNKS)
        return True

    def _await_origin(self) -> float | None:
        if self._origin is None:
            return self._clock()
        while (origin := self._origin()) is None:
            if self._stop.is_set():
                return None
            self._wait(_ORIGIN_POLL_SECONDS)
        return origin

    def _await_due(self, time: float, longest: float) -> float:
        """Wait for the end of the chunk that begins at a time; return how late it is, s."""
        due = time + CHUNK_SECONDS
        if self._clock() - due > CHUNK_SECONDS:
            self._wait(_CATCH_UP_SECONDS)
        return self._wait_until(due, longest)
