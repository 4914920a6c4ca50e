"""Hearing a recording in a process of its own while its pictures are looked at."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Audio, Speech, Voice

from emotion_bot import stamps
from emotion_bot.parameters import Parameter
from emotion_bot.pipeline import speech, voice
from emotion_bot.pipeline.scores import modality_scores
from emotion_bot.sounds import audio_message
from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.chunks import AudioSourceError
from emotion_core.audio.recognizer import RecognizerError, make_recognizer
from emotion_core.fusion.evidence import ModalityScores
from emotion_core.inference.session import ModelError
from emotion_core.inference.text import TextModel
from emotion_core.replay.soundtrack import Heard, HeardVoice, HeardWords
from emotion_core.resources import TEXT_MODEL, models_directory

_EVENT, _PROGRESS, _FAULT = "event", "progress", "fault"
_PROGRESS_SECONDS = 0.25
_NICENESS = 10
_ORIGIN = 60.0
"""Added to times on their way through messages, which cannot be negative: sound may begin before
the first picture, whose time is zero."""


class Listener:
    """The soundtrack of a file, see `emotion_core.replay.soundtrack.Soundtrack`.

    What cannot be heard is named in `faults`; the rest goes on. A context manager: its process
    starts on entering.

    Args:
        path: of the video or sound file.
        recognizer: see `make_recognizer`.

    Attributes:
        faults: what was not heard, and why.
    """

    def __init__(self, path: Path, recognizer: str) -> None:
        # A forked copy of a program that has started ROS or threads does not work.
        context = multiprocessing.get_context("spawn")
        self._events, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_listen, args=(path, recognizer, theirs), name="listener", daemon=True
        )
        self._theirs = theirs
        self._heard_until = -math.inf
        self._waiting: list[Heard] = []
        self.faults: list[str] = []

    def __enter__(self) -> Listener:
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.close()
        self._process.terminate()
        self._process.join()

    def reaches(self, time: float) -> bool:
        """Return whether everything up to a time is known; does not wait."""
        while self._heard_until < time and self._events.poll():
            self._receive()
        return self._heard_until >= time

    def until(self, time: float) -> list[Heard]:
        """Return what was heard up to a time and not returned yet; waits for the listener."""
        while self._heard_until < time:
            self._receive()
        due = [heard for heard in self._waiting if heard.time <= time]
        self._waiting = [heard for heard in self._waiting if heard.time > time]
        return due

    def _receive(self) -> None:
        try:
            kind, content = self._events.recv()
        except EOFError:
            self._heard_until = math.inf
            return
        if kind == _EVENT:
            self._waiting.append(content)
        elif kind == _PROGRESS:
            self._heard_until = content
        else:
            self.faults.append(content)


def _listen(path: Path, recognizer: str, events: Connection) -> None:
    # Listening takes less than looking: it can have what is left over.
    os.nice(_NICENESS)
    try:
        for kind, content in _hear(path, recognizer):
            events.send((kind, content))
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # nobody wants to know any more


def _hear(path: Path, recognizer: str) -> Iterator[tuple[str, Any]]:
    source = AudioFile(path)
    try:
        voices = voice.VoicePipeline(_defaults(voice.PARAMETERS))
        source.open()
    except (AudioSourceError, ModelError) as error:
        yield _FAULT, str(error)
        return
    words: speech.SpeechPipeline | None = None
    try:
        words = _speech_pipeline(recognizer)
    except RecognizerError as error:
        yield _FAULT, str(error)
    if voices.model_error:
        yield _FAULT, voices.model_error
    reported = 0.0
    try:
        while (chunk := source.read(lambda: 0.0)) is not None:
            audio = audio_message(replace(chunk, time=chunk.time + _ORIGIN), frame_id="")
            yield from _take(audio, voices, words)
            if chunk.time - reported >= _PROGRESS_SECONDS:
                reported = chunk.time
                # Words come when their utterance has ended: not before is all of it known.
                yield _PROGRESS, reported
    except AudioSourceError as error:
        yield _FAULT, str(error)
    finally:
        source.close()
    for message in voices.interrupt():
        yield from _tell(message, words)


def _take(
    audio: Audio, voices: voice.VoicePipeline, words: speech.SpeechPipeline | None
) -> Iterator[tuple[str, Any]]:
    if words is not None:
        words.add_audio(audio)
    for message in voices.process(audio):
        yield from _tell(message, words)


def _tell(message: Voice, words: speech.SpeechPipeline | None) -> Iterator[tuple[str, Any]]:
    time = _seconds(message.header.stamp)
    yield _EVENT, HeardVoice(time, message.is_speaking, _scores(message))
    if words is None:
        return
    words.add_voice(message)
    while (said := words.step(time)) is not None:
        for result in said:
            if result.final:
                yield _EVENT, _heard_words(result)


def _heard_words(message: Speech) -> HeardWords:
    return HeardWords(
        _seconds(message.start),
        _seconds(message.header.stamp),
        message.final,
        message.confidence,
        _scores(message),
    )


def _seconds(stamp: Time) -> float:
    return stamps.seconds_from_stamp(stamp) - _ORIGIN


def _scores(message: Voice | Speech) -> ModalityScores | None:
    scores = modality_scores(message)
    return None if scores is None else replace(scores, time=_seconds(message.header.stamp))


def _speech_pipeline(recognizer: str) -> speech.SpeechPipeline | None:
    made = make_recognizer(recognizer)
    if made is None:
        return None
    try:
        model: TextModel | None = TextModel(models_directory() / TEXT_MODEL)
    except ModelError:
        model = None
    return speech.SpeechPipeline(
        _defaults(speech.PARAMETERS), made, model.predict if model else None
    )


def _defaults(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in parameters}
