"""Which of the people in view speaks: the one whose mouth moves while a voice is heard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Crop = npt.NDArray[np.uint8]

# Shares of an aligned crop's side: the eyes lie at about a third of it, the mouth below the nose.
_MOUTH_ROWS: Final = slice(0.64, 0.96)
_EYE_ROWS: Final = slice(0.12, 0.44)
_COLUMNS: Final = slice(0.22, 0.78)

_SMALLEST_CONTRAST: Final = 4.0
"""Grey levels; a flatter region shows nothing but noise."""


@dataclass(frozen=True)
class SpeakerParameters:
    """How mouths are watched; times in s.

    Attributes:
        time_constant: of the average of a mouth's motion while a voice is heard.
        lead: how many times as much another mouth must move to be taken for the speaker's.
        memory: so long after they were last seen people keep what is known of their mouths.
    """

    time_constant: float = 0.8
    lead: float = 1.3
    memory: float = 3.0


@dataclass
class _Mouth:
    crop: Crop
    time: float
    motion: float = 0.0


@dataclass
class ActiveSpeaker:
    """Follows the mouths of all faces in view.

    Someone alone in view is taken for the speaker: a voice from outside the picture cannot be told
    from a voice with a still mouth by looking.

    Attributes:
        parameters: settings.
    """

    parameters: SpeakerParameters = field(default_factory=SpeakerParameters)
    _mouths: dict[str, _Mouth] = field(default_factory=dict)
    _speaker: str = ""

    def update(self, crops: Mapping[str, Crop], time: float, *, is_speaking: bool) -> str:
        """Return the id of the face that speaks, empty when nobody in view does.

        Args:
            crops: aligned grey crops of the faces seen in a frame, uint8 (side, side), by id.
            time: capture time of the frame, s.
            is_speaking: whether a voice is heard at that time.
        """
        self._mouths = {
            name: mouth
            for name, mouth in self._mouths.items()
            if 0 <= time - mouth.time <= self.parameters.memory
        }
        for name, crop in crops.items():
            self._watch(name, crop, time, is_speaking=is_speaking)
        if not is_speaking or not crops:
            self._speaker = ""
            return ""
        likeliest = max(crops, key=lambda name: self._mouths[name].motion)
        present = self._mouths[self._speaker].motion if self._speaker in crops else -math.inf
        if self._mouths[likeliest].motion > self.parameters.lead * present:
            self._speaker = likeliest
        return self._speaker

    def _watch(self, name: str, crop: Crop, time: float, *, is_speaking: bool) -> None:
        before = self._mouths.get(name)
        if before is None or before.crop.shape != crop.shape:
            self._mouths[name] = _Mouth(crop, time)
            return
        elapsed = time - before.time
        if elapsed <= 0:
            return
        if is_speaking:
            gain = -math.expm1(-elapsed / self.parameters.time_constant)
            before.motion += gain * (mouth_motion(before.crop, crop) - before.motion)
        else:
            # What a mouth did in an earlier utterance says little about who begins the next.
            before.motion *= math.exp(-elapsed / self.parameters.time_constant)
        before.crop, before.time = crop, time


def mouth_motion(before: Crop, after: Crop) -> float:
    """Return how much more the mouth changed between two aligned crops than the eyes did, >= 0.

    Changes are relative to the region's contrast, so that light and distance matter little; the
    part of the change that eyes and mouth share comes from the head and from the alignment.

    Args:
        before: uint8 (side, side).
        after: the same.
    """
    return max(0.0, _change(before, after, _MOUTH_ROWS) - _change(before, after, _EYE_ROWS))


def _change(before: Crop, after: Crop, rows: slice) -> float:
    side = len(before)
    region = _part(rows, side), _part(_COLUMNS, side)
    first, second = before[region].astype(np.float32), after[region].astype(np.float32)
    contrast = max(float(second.std()), _SMALLEST_CONTRAST)
    difference = second - second.mean() - (first - first.mean())
    return float(np.sqrt(np.mean(difference * difference))) / contrast


def _part(shares: slice, side: int) -> slice:
    return slice(round(shares.start * side), round(shares.stop * side))
