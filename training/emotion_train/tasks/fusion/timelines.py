"""Composing timelines: what a camera and a microphone would deliver while emotions change.

The faces, voices and sentences of one timeline belong to different people. A figure from such
timelines says how well modalities are joined; it is no audio-visual accuracy.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.affect import LABELS
from emotion_core.fusion.evidence import (
    VOICE_LIFETIME_SECONDS,
    WORDS_LIFETIME_SECONDS,
    Modality,
)
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_train.tasks.fusion.bank import (
    FIRST_WINDOW_SECONDS,
    WINDOW_HOP_SECONDS,
    Bank,
    Banks,
)
from emotion_train.tasks.fusion.settings import Range, TimelineSettings

MISSING: Final = -1


@dataclass(frozen=True)
class Timeline:
    """One composed timeline of T steps of STEP_SECONDS.

    Attributes:
        labels: int64 (T,), in label order.
        since_onset: float32 (T,), seconds since the emotion last changed.
        samples: int64 (T, 3), for each modality the position in its bank, or MISSING.
        views: int64 (T, 3), which view of the sample.
    """

    labels: npt.NDArray[np.int64]
    since_onset: npt.NDArray[np.float32]
    samples: npt.NDArray[np.int64]
    views: npt.NDArray[np.int64]

    @property
    def presence(self) -> npt.NDArray[np.float32]:
        """float32 (T, 3), 1 where a modality is there."""
        return (self.samples != MISSING).astype(np.float32)


@dataclass(frozen=True)
class Hold:
    """One emotion of a timeline, from `start` to `end`, s."""

    label: int
    start: float
    end: float


@dataclass(frozen=True)
class Speech:
    """What is said from `start` to `end`, s: positions in the banks of voices and sentences."""

    voice: int
    words: int
    start: float
    end: float


class TimelineComposer:
    """Makes timelines from banks; the same generator state gives the same timeline.

    Args:
        banks: what timelines are made of.
        settings: how.
        contradicting: modalities that show another emotion during every hold.
    """

    def __init__(
        self,
        banks: Banks,
        settings: TimelineSettings,
        contradicting: Collection[Modality] = (),
    ) -> None:
        self._banks = banks
        self._settings = settings
        self._contradicting = frozenset(contradicting)
        self._by_label = [
            [bank.of_label(label) for label in range(len(LABELS))] for bank in banks.in_order()
        ]

    def compose(self, generator: np.random.Generator) -> Timeline:
        """Return a new timeline."""
        settings = self._settings
        steps = settings.steps
        timeline = Timeline(
            np.empty(steps, np.int64),
            np.empty(steps, np.float32),
            np.full((steps, len(Modality)), MISSING, np.int64),
            np.zeros((steps, len(Modality)), np.int64),
        )
        times = np.arange(steps) * STEP_SECONDS
        start, label = 0.0, MISSING
        while start < steps * STEP_SECONDS:
            label = self._another(label, generator)
            hold = Hold(label, start, start + _draw(settings.hold, generator))
            speech = self._speech(hold, generator) if generator.random() < settings.speech else None
            if speech is not None:
                # Nobody has another emotion by the middle of a sentence.
                lasting = speech.end + _draw(settings.after_speech, generator)
                hold = replace(hold, end=max(hold.end, lasting))
                self._speak(timeline, speech, generator)
            inside = (times >= hold.start) & (times < hold.end)
            timeline.labels[inside] = hold.label
            timeline.since_onset[inside] = times[inside] - hold.start
            self._show(timeline, hold, generator)
            start = hold.end
        for modality in self._absent(generator):
            timeline.samples[:, modality] = MISSING
        return timeline

    def _absent(self, generator: np.random.Generator) -> list[Modality]:
        absent = [m for m in Modality if generator.random() < self._settings.absence]
        if len(absent) == len(Modality):
            absent.remove(Modality(int(generator.integers(len(Modality)))))
        return absent

    def _shown(self, modality: Modality, hold: Hold, generator: np.random.Generator) -> int:
        """Return the emotion that a modality shows during a hold."""
        contradicts = generator.random() < self._settings.contradiction[modality]
        if contradicts or modality in self._contradicting:
            return self._another(hold.label, generator)
        return hold.label

    def _another(self, label: int, generator: np.random.Generator) -> int:
        """Return a random emotion other than the given one; any for MISSING."""
        shares = np.array(self._settings.emotions)
        if label != MISSING:
            shares[label] = 0.0
        return int(generator.choice(len(shares), p=shares / shares.sum()))

    def _pick(self, modality: Modality, label: int, generator: np.random.Generator) -> int:
        return int(generator.choice(self._by_label[modality][label]))

    def _show(self, timeline: Timeline, hold: Hold, generator: np.random.Generator) -> None:
        settings, bank = self._settings, self._banks.face
        label = self._shown(Modality.FACE, hold, generator)
        time = hold.start + (_draw(settings.face_lead, generator) if hold.start > 0 else 0.0)
        # Until the next hold's face takes over, which may come late.
        end = hold.end + settings.face_lead[1]
        while time < end:
            until = min(end, time + _draw(settings.face_hold, generator))
            steps = _steps(time, until, settings.steps)
            timeline.samples[steps, Modality.FACE] = self._pick(Modality.FACE, label, generator)
            timeline.views[steps, Modality.FACE] = generator.integers(
                bank.features.shape[1], size=steps.stop - steps.start
            )
            time = until
        if generator.random() < settings.face_missing:
            first, last = np.sort(generator.uniform(hold.start, hold.end, 2))
            timeline.samples[_steps(first, last, settings.steps), Modality.FACE] = MISSING

    def _speech(self, hold: Hold, generator: np.random.Generator) -> Speech:
        start = hold.start + _draw(self._settings.speech_lead, generator)
        voice = self._pick(Modality.VOICE, self._shown(Modality.VOICE, hold, generator), generator)
        words = self._pick(Modality.WORDS, self._shown(Modality.WORDS, hold, generator), generator)
        return Speech(voice, words, start, start + float(self._banks.voice.seconds[voice]))

    def _speak(self, timeline: Timeline, speech: Speech, generator: np.random.Generator) -> None:
        self._hear(timeline, speech.voice, speech.start, speech.end)
        recognised = speech.end + _draw(self._settings.words_delay, generator)
        steps = _steps(recognised, speech.end + WORDS_LIFETIME_SECONDS, self._settings.steps)
        timeline.samples[steps, Modality.WORDS] = speech.words
        timeline.views[steps, Modality.WORDS] = 0

    def _hear(self, timeline: Timeline, voice: int, start: float, end: float) -> None:
        bank: Bank = self._banks.voice
        steps = _steps(
            start + FIRST_WINDOW_SECONDS, end + VOICE_LIFETIME_SECONDS, self._settings.steps
        )
        heard = np.arange(steps.start, steps.stop) * STEP_SECONDS - start - FIRST_WINDOW_SECONDS
        newest = np.floor(heard / WINDOW_HOP_SECONDS).astype(np.int64)
        timeline.samples[steps, Modality.VOICE] = voice
        timeline.views[steps, Modality.VOICE] = np.clip(newest, 0, bank.views[voice] - 1)


def _draw(limits: Range, generator: np.random.Generator) -> float:
    return float(generator.uniform(*limits))


def _steps(start: float, end: float, count: int) -> slice:
    """Return the steps from one time to another, within 0…count."""
    first, stop = (min(count, max(0, int(np.ceil(t / STEP_SECONDS)))) for t in (start, end))
    return slice(first, max(first, stop))
