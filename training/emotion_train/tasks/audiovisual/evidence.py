"""What of a recording has been heard at each step, as the robot would hear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.audio.features import ACTIVE_DECIBEL, HOP_SAMPLES, SAMPLE_RATE, Waveform
from emotion_core.audio.utterances import UtteranceParameters
from emotion_core.fusion.evidence import VOICE_LIFETIME_SECONDS, WORDS_LIFETIME_SECONDS
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_train.corpora.recordings import Sentence
from emotion_train.tasks.fusion.bank import FIRST_WINDOW_SECONDS

NOTHING: Final = -1

_STEP_SAMPLES: Final = round(STEP_SECONDS * SAMPLE_RATE)
_PAUSE_STEPS: Final = round(UtteranceParameters().hangover / STEP_SECONDS)


@dataclass(frozen=True, eq=False)
class HeardWindows:
    """The pieces of a sound that are scored, and which one counts at each step.

    Attributes:
        spans: first sample and end of each window.
        at: int64 (T,), position in `spans`, or NOTHING.
    """

    spans: tuple[tuple[int, int], ...]
    at: npt.NDArray[np.int64]


def heard_windows(
    waveform: Waveform, steps: int, window_seconds: float, hop_seconds: float
) -> HeardWindows:
    """Return the windows of a voice: each grows with its utterance up to the longest.

    Pauses of the robot's own length divide utterances. A window counts until it is older than
    `VOICE_LIFETIME_SECONDS`.

    Args:
        waveform: float32 (S,), the whole recording.
        steps: T; only what lies before a step is heard at it.
        window_seconds: of the longest window.
        hop_seconds: from one window of an utterance to the next.
    """
    longest, first, hop, lifetime = (
        max(1, round(seconds / STEP_SECONDS))
        for seconds in (window_seconds, FIRST_WINDOW_SECONDS, hop_seconds, VOICE_LIFETIME_SECONDS)
    )
    active = active_steps(waveform)
    spans: dict[tuple[int, int], int] = {}
    at = np.full(steps, NOTHING, np.int64)
    begun = newest = NOTHING
    current = (NOTHING, NOTHING)
    for step in range(steps):
        heard = step - 1
        if 0 <= heard < len(active) and active[heard]:
            if newest == NOTHING or heard - newest > _PAUSE_STEPS:
                begun = heard
            newest = heard
            length = newest + 1 - begun
            if length >= first:
                end = begun + first + (length - first) // hop * hop
                current = max(begun, end - longest), end
        if current[1] != NOTHING and step - current[1] <= lifetime:
            at[step] = spans.setdefault(current, len(spans))
    samples = tuple((start * _STEP_SAMPLES, end * _STEP_SAMPLES) for start, end in spans)
    return HeardWindows(samples, at)


def active_steps(waveform: Waveform) -> npt.NDArray[np.bool_]:
    """Return, bool (ceil(S / step),), the steps in which a frame comes near the loudest one."""
    frames = -(-len(waveform) // HOP_SAMPLES)
    if frames == 0 or not waveform.any():
        return np.zeros(frames * HOP_SAMPLES // _STEP_SAMPLES, np.bool_)
    padded = np.pad(waveform, (0, frames * HOP_SAMPLES - len(waveform)))
    power = np.square(padded.reshape(frames, HOP_SAMPLES), dtype=np.float64).mean(axis=1)
    loud = power >= power.max() * 10.0 ** (-ACTIVE_DECIBEL / 10.0)
    per_step = _STEP_SAMPLES // HOP_SAMPLES
    loud = np.pad(loud, (0, -len(loud) % per_step))
    return np.asarray(loud.reshape(-1, per_step).any(axis=1))


def sentence_at(sentences: tuple[Sentence, ...], steps: int) -> npt.NDArray[np.int64]:
    """Return, int64 (T,), which sentence was said last and still counts at each step."""
    at = np.full(steps, NOTHING, np.int64)
    for position, said in enumerate(sentences):
        if said.end is None:
            raise ValueError(f"the sentence {said.text!r} has no end")
        first = int(np.ceil(said.end / STEP_SECONDS))
        end = int((said.end + WORDS_LIFETIME_SECONDS) / STEP_SECONDS)
        at[first:end] = position
    return at


def cut_window(waveform: Waveform, span: tuple[int, int], samples: int) -> Waveform:
    """Return a window at the robot's level, float32 (samples,), with silence before it."""
    piece = waveform[span[0] : span[1]][-samples:]
    peak = float(np.abs(piece).max(initial=0.0))
    window = np.zeros(samples, np.float32)
    if peak > 0:
        window[samples - len(piece) :] = piece / peak
    return window
