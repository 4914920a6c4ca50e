"""Whether somebody is speaking, and where the pauses are."""

from __future__ import annotations

import math
from typing import Final

from emotion_core.behaviour.reactions import Listening

_EXPIRY: Final = 1.5
"""A voice that nobody confirms for this long has ended, s."""


class Voice:
    """Follows a voice-activity signal. Times are s on one clock.

    Args:
        settings: what counts as speech and as a pause.
    """

    def __init__(self, settings: Listening) -> None:
        self._settings = settings
        self._began = math.inf
        self._confirmed = -math.inf
        self._active = False
        self._pause_pending = False
        self._nodded = -math.inf

    def hear(self, time: float, active: bool) -> None:
        """Take one sample of the signal; repeat it at least once a second while it is true."""
        if time < self._confirmed:
            return
        silent_for = 0.0 if self._is_active(time) else time - self._confirmed
        # A shorter silence is part of the same speech.
        if active and silent_for > self._settings.pause:
            self._began = time
        if active:
            self._confirmed = time
            self._pause_pending = time - self._began >= self._settings.shortest_speech
        self._active = active

    def attended(self, time: float) -> bool:
        """Tell whether somebody speaks or has just spoken."""
        return self._is_active(time) or time - self._confirmed <= self._settings.attention

    def take_pause(self, time: float) -> bool:
        """Return True once for each pause after enough speech, not too soon after the last one."""
        silent_for = time - self._confirmed
        if self._is_active(time) or not self._pause_pending or silent_for < self._settings.pause:
            return False
        self._pause_pending = False
        if time - self._nodded < self._settings.nod_interval:
            return False
        self._nodded = time
        return True

    def _is_active(self, time: float) -> bool:
        return self._active and time - self._confirmed <= _EXPIRY
