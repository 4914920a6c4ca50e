"""Chunks of sound in, voice activity and the expression of the voice out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Audio, Voice
from std_msgs.msg import Header

from emotion_bot import sounds, stamps
from emotion_bot.parameters import Parameter
from emotion_core.audio.chunks import CHUNK_SAMPLES, CHUNK_SECONDS
from emotion_core.audio.conversion import float_samples
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.audio.sound_buffer import SoundBuffer
from emotion_core.audio.utterances import Utterance, UtteranceParameters, UtteranceSegmenter
from emotion_core.audio.voice_activity import VoiceActivityDetector
from emotion_core.inference.expression import ModelError
from emotion_core.inference.voice import VoiceModel
from emotion_core.resources import models_directory

_DEFAULTS = UtteranceParameters()

PARAMETERS = (
    Parameter("voice_model", "", "Path of the voice model; empty for the shipped one."),
    Parameter("threads", 1, "Threads of the network.", 1, 16),
    Parameter("window", 3.0, "Longest voiced window that is scored, s.", 0.5, 10.0),
    Parameter("minimum_window", 0.5, "Shortest voiced window that is scored, s.", 0.1, 3.0),
    Parameter("rate", 10.0, "Messages per second, besides those at a change.", 1.0, 30.0),
    Parameter("score_rate", 5.0, "Runs of the voice model per second at most.", 0.5, 10.0),
    Parameter("begin_probability", _DEFAULTS.begin_probability, "Speech begins at it.", 0.05, 0.99),
    Parameter("end_probability", _DEFAULTS.end_probability, "Speech ends below it.", 0.05, 0.99),
    Parameter("confirmation", _DEFAULTS.confirmation, "Least speech in an utterance, s.", 0.0, 1.0),
    Parameter("hangover", _DEFAULTS.hangover, "Pause that ends an utterance, s.", 0.1, 3.0),
    Parameter("pre_roll", _DEFAULTS.pre_roll, "Sound kept before the first speech, s.", 0.0, 1.0),
    Parameter("maximum", _DEFAULTS.maximum, "Longest utterance, s.", 5.0, 30.0),
)


@dataclass(frozen=True)
class _Expression:
    """Scores of a voiced window, ready for the message."""

    window: float = 0.0
    probabilities: tuple[float, ...] = ()
    valence: float = 0.0
    arousal: float = 0.0
    embedding: tuple[float, ...] = ()


class VoicePipeline:
    """Follows one stream of sound. All times are capture times.

    Without a usable voice model it goes on with voice activity alone; `model_error` says why.

    Args:
        values: of `PARAMETERS`, by name.
        id_prefix: what utterance ids start with.

    Raises:
        ModelError: if the voice activity detector is missing or damaged.
        ValueError: if the values make no sense together.
    """

    def __init__(self, values: Mapping[str, Any], id_prefix: str = "u") -> None:
        self._segmenter = UtteranceSegmenter(
            UtteranceParameters(
                begin_probability=values["begin_probability"],
                end_probability=values["end_probability"],
                confirmation=values["confirmation"],
                hangover=values["hangover"],
                pre_roll=values["pre_roll"],
                maximum=values["maximum"],
            ),
            id_prefix,
        )
        self._detector = VoiceActivityDetector()
        self._model: VoiceModel | None = None
        self.model_error = ""
        try:
            path = Path(values["voice_model"] or models_directory() / "voice.onnx")
            self._model = VoiceModel(path, values["threads"])
        except (ModelError, FileNotFoundError) as error:
            self.model_error = str(error)
        self._window: float = values["window"]
        if self._model is not None:
            self._window = min(self._window, self._model.window_seconds)
        self._minimum_window: float = values["minimum_window"]
        self._period = 1.0 / values["rate"]
        self._score_period = 1.0 / values["score_rate"]
        self._buffer = SoundBuffer(self._window + 2 * values["hangover"])
        self._pending = np.empty(0, np.int16)
        self._next_message = 0.0
        self._next_score = 0.0
        self._probability = 0.0
        self._silent_since = 0.0
        self._expression = _Expression()
        self._header = Header()
        self.utterances = 0
        self.gaps = 0

    @property
    def model_version(self) -> str:
        """What the model file says about itself; empty without a model."""
        return self._model.metadata.get("version", "unknown") if self._model else ""

    @property
    def speech_probability(self) -> float:
        """Of the newest chunk, [0, 1]."""
        return self._probability

    def process(self, message: Audio) -> list[Voice]:
        """Take sound, of any length; return what is to be said about it, oldest first.

        Raises:
            ValueError: if the message cannot be used; nothing is changed then.
        """
        samples = sounds.samples_from_audio(message)
        time = stamps.seconds_from_stamp(message.header.stamp)
        self._header = message.header
        answers = []
        if not self._buffer.append(samples, time):
            answers = self.interrupt()
            self._detector.reset()
            self._pending = samples[:0]
            self._next_message = self._next_score = time
        end = self._buffer.end
        self._pending = np.concatenate([self._pending, samples])
        while len(self._pending) >= CHUNK_SAMPLES:
            begins = end - len(self._pending) / SAMPLE_RATE
            chunk, self._pending = np.split(self._pending, [CHUNK_SAMPLES])
            answers += self._hear(chunk, begins)
        return answers

    def interrupt(self) -> list[Voice]:
        """End what goes on, because no sound follows; return what is to be said about that."""
        ended = self._segmenter.interrupt()
        if ended is None:
            return []
        self.gaps += 1
        return [self._message(ended, ended.end)]

    def _hear(self, chunk: np.ndarray[Any, np.dtype[np.int16]], time: float) -> list[Voice]:
        end = time + CHUNK_SECONDS
        before = self._segmenter.current
        self._probability = self._detector.probability(chunk)
        utterances = self._segmenter.update(self._probability, time, end)
        answers = []
        for utterance in utterances:
            if before is None or utterance.id != before.id:
                self.utterances += 1
                self._expression = _Expression()
                self._next_score = end
            changed = utterance.is_over or before is None or utterance.id != before.id
            if utterance.is_over:
                self._silent_since = utterance.end
            else:
                self._score(utterance, end)
            if changed:
                answers.append(self._message(utterance, utterance.end))
        if end >= self._next_message:
            if not answers:
                answers.append(self._message(self._segmenter.current, end))
            self._next_message = max(self._next_message + self._period, end)
        if self._segmenter.current is None:
            self._expression = _Expression()
        return answers

    def _score(self, utterance: Utterance, now: float) -> None:
        # The pause after the last word says nothing about the voice.
        end = self._segmenter.last_speech
        if self._model is None or now < self._next_score or end < now:
            return
        spoken = min(end - utterance.start, self._window)
        if spoken < self._minimum_window:
            return
        self._next_score = now + self._score_period
        # The room before the first word belongs to the window, the utterance before does not.
        start = max(end - self._window, self._silent_since)
        waveform = float_samples(self._buffer.read(start, end))
        scores = self._model.predict(waveform[None])
        valence, arousal = scores.valence_arousal[0]
        self._expression = _Expression(
            spoken,
            tuple(map(float, scores.probabilities[0])),
            float(valence),
            float(arousal),
            tuple(map(float, scores.embedding[0])),
        )

    def _message(self, utterance: Utterance | None, time: float) -> Voice:
        shown = self._expression
        return Voice(
            header=Header(stamp=stamps.stamp_from_seconds(time), frame_id=self._header.frame_id),
            speech_probability=self._probability,
            is_speaking=utterance is not None and not utterance.is_over,
            utterance_id=utterance.id if utterance else "",
            start=stamps.stamp_from_seconds(utterance.start) if utterance else Time(),
            window=shown.window,
            probabilities=list(shown.probabilities),
            valence=shown.valence,
            arousal=shown.arousal,
            embedding=list(shown.embedding),
        )
