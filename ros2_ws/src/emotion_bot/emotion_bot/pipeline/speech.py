"""Sound and voice activity in, recognised words and their expression out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from emotion_bot_msgs.msg import Audio, Speech, Voice
from std_msgs.msg import Header

from emotion_bot import sounds, stamps
from emotion_bot.parameters import Parameter
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.audio.recognizer import Hypothesis, Recognizer, RecognizerError
from emotion_core.audio.sound_buffer import SoundBuffer

PARAMETERS = (
    Parameter(
        "recognizer",
        "pocketsphinx",
        "pocketsphinx, none, or a model of transformers: a folder or an id of the hub.",
    ),
    Parameter("text_model", "", "Path of the text model; empty for the shipped one."),
    Parameter("threads", 1, "Threads of the text model.", 1, 16),
    Parameter("niceness", 19, "Priority of the process; 19 is the lowest.", 0, 19),
    Parameter("partial_rate", 2.0, "Partial results per second at most.", 0.1, 2.0),
    Parameter("queue_length", 2, "Utterances that may wait; of more, the oldest go.", 1, 20),
    Parameter("buffer", 45.0, "Sound that is kept for the recogniser, s.", 20.0, 120.0),
)

_STEP_SECONDS = 0.25
"""Sound that is decoded at once, so that messages are taken in between."""

_PATIENCE_SECONDS = 1.0
"""The sound of an utterance that has ended is waited for no longer than this."""

_TIME_TOLERANCE = 0.5 / SAMPLE_RATE


class TextScores(Protocol):
    """Of N texts: see `inference.text.TextScores`."""

    probabilities: Any
    valence_arousal: Any
    embedding: Any


TextScorer = Callable[[list[str]], TextScores]


@dataclass(eq=False)
class _Job:
    """An utterance on its way through the recogniser; times are capture times, s."""

    id: str
    start: float
    end: float
    fed_until: float
    is_over: bool = False
    over_since: float | None = None
    begun: bool = False
    said: str = ""
    next_partial: float = 0.0


class SpeechPipeline:
    """Recognises utterances one after the other.

    ``add_audio`` and ``add_voice`` only take notes and may be called from another thread than
    ``step``, which does the work in small pieces. When recognition is slower than speech, the
    oldest utterances that wait are dropped.

    Args:
        values: of `PARAMETERS`, by name.
        recognizer: what recognises.
        score: gives the expression of texts; None for no text model.
    """

    def __init__(
        self, values: Mapping[str, Any], recognizer: Recognizer, score: TextScorer | None = None
    ) -> None:
        self._recognizer = recognizer
        self._score = score
        self._partial_period = 1.0 / values["partial_rate"]
        self._queue_length: int = values["queue_length"]
        self._lock = threading.Lock()
        self._buffer = SoundBuffer(values["buffer"])
        self._jobs: deque[_Job] = deque()
        self._newest_id = ""
        self._frame_id = ""
        self.recognized = 0
        self.without_words = 0
        self.dropped = 0
        self.failed = 0
        self.failure = ""
        self.lag = 0.0

    @property
    def waiting(self) -> int:
        """Utterances that are not finished."""
        with self._lock:
            return len(self._jobs)

    def add_audio(self, message: Audio) -> None:
        """Keep sound.

        Raises:
            ValueError: if the message cannot be used; nothing is changed then.
        """
        samples = sounds.samples_from_audio(message)
        time = stamps.seconds_from_stamp(message.header.stamp)
        with self._lock:
            self._frame_id = message.header.frame_id
            self._buffer.append(samples, time)

    def add_voice(self, message: Voice) -> None:
        """Take note of an utterance that begins, goes on or ends."""
        if not message.utterance_id:
            return
        end = stamps.seconds_from_stamp(message.header.stamp)
        with self._lock:
            job = next((job for job in self._jobs if job.id == message.utterance_id), None)
            if job is None:
                if message.utterance_id == self._newest_id or not message.is_speaking:
                    return  # dropped or finished before
                start = stamps.seconds_from_stamp(message.start)
                job = _Job(message.utterance_id, start, end, start)
                self._newest_id = job.id
                for other in self._jobs:
                    # Its end was never told: the voice node has been started again.
                    other.is_over = True
                self._jobs.append(job)
                self._drop_the_oldest()
            job.end = max(job.end, end)
            job.is_over = not message.is_speaking

    def step(self, now: float) -> list[Speech] | None:
        """Do a piece of the work.

        Args:
            now: s, of any clock that is never set back.

        Returns:
            What there is to say; None when there is nothing to do before more sound comes.
        """
        with self._lock:
            job = self._jobs[0] if self._jobs else None
            if job is None:
                self.lag = 0.0
                return None
            available = min(job.end, self._buffer.end)
            # What was thrown away before its turn came cannot be recognised.
            lost = self._buffer.start > job.fed_until + _STEP_SECONDS
            until = min(available, job.fed_until + _STEP_SECONDS)
            samples = self._buffer.read(job.fed_until, until)
            self.lag = max(self._buffer.end - job.fed_until, 0.0)
            if lost and not job.begun:
                self._jobs.popleft()
                self.dropped += 1
                return []
            begins, job.begun = not job.begun, True
        try:
            if begins:
                self._recognizer.begin()
                job.next_partial = now + self._partial_period
            return self._work(job, samples, until, lost, now)
        except RecognizerError as error:
            self._forget(job)
            self.failed += 1
            self.failure = str(error)
            return []

    def _work(
        self, job: _Job, samples: Any, until: float, lost: bool, now: float
    ) -> list[Speech] | None:
        if len(samples):
            self._recognizer.feed(samples)
            job.fed_until = until
        complete = job.fed_until >= job.end - _TIME_TOLERANCE
        if job.is_over and (complete or lost or self._is_tired_of_waiting(job, samples, now)):
            return self._finish(job)
        if not len(samples):
            return None
        if now < job.next_partial:
            return []
        job.next_partial = now + self._partial_period
        hypothesis = self._recognizer.partial()
        if hypothesis is None or not hypothesis.text or hypothesis.text == job.said:
            return []
        job.said = hypothesis.text
        return [self._message(job, hypothesis, final=False)]

    def _is_tired_of_waiting(self, job: _Job, samples: Any, now: float) -> bool:
        if len(samples) or job.over_since is None:
            job.over_since = now
        return now - job.over_since > _PATIENCE_SECONDS

    def _finish(self, job: _Job) -> list[Speech]:
        hypothesis = self._recognizer.finish()
        self._forget(job)
        self.failure = ""
        if not hypothesis.text:
            self.without_words += 1
            return []
        self.recognized += 1
        return [self._message(job, hypothesis, final=True)]

    def _message(self, job: _Job, hypothesis: Hypothesis, *, final: bool) -> Speech:
        stamp = stamps.stamp_from_seconds(job.fed_until)
        message = Speech(
            header=Header(stamp=stamp, frame_id=self._frame_id),
            utterance_id=job.id,
            start=stamps.stamp_from_seconds(job.start),
            incremental="" if final else hypothesis.text,
            final=hypothesis.text if final else "",
            confidence=hypothesis.confidence,
            locale=self._recognizer.locale,
        )
        if self._score is not None:
            scores = self._score([hypothesis.text])
            message.probabilities = [float(value) for value in scores.probabilities[0]]
            message.valence, message.arousal = map(float, scores.valence_arousal[0])
            message.embedding = [float(value) for value in scores.embedding[0]]
        return message

    def _forget(self, job: _Job) -> None:
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)

    def _drop_the_oldest(self) -> None:
        # The first one may be under way; the newest is the one that is spoken now.
        while len(self._jobs) > self._queue_length + 1:
            oldest = next((job for job in self._jobs if not job.begun), None)
            if oldest is None:
                return
            self._jobs.remove(oldest)
            self.dropped += 1
