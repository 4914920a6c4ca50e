"""From probabilities of speech to utterances: where somebody begins and ends to speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UtteranceParameters:
    """What makes an utterance.

    Attributes:
        begin_probability: speech begins at or above it, (0, 1].
        end_probability: below it speech may have ended; between the two nothing changes. (0,
            begin_probability].
        confirmation: so much speech makes an utterance, s, >= 0; shorter noises make none.
        hangover: so long a pause ends one, s, > 0.
        pre_roll: so much sound before the first speech belongs to it, s, >= 0.
        maximum: a longer one is ended and the next one begins, s, > hangover + pre_roll.
    """

    begin_probability: float = 0.5
    end_probability: float = 0.35
    confirmation: float = 0.09
    hangover: float = 0.7
    pre_roll: float = 0.3
    maximum: float = 15.0

    def __post_init__(self) -> None:
        if not 0 < self.end_probability <= self.begin_probability <= 1:
            raise ValueError(f"{self}: needs 0 < end_probability <= begin_probability <= 1")
        if not (self.confirmation >= 0 and self.hangover > 0 and self.pre_roll >= 0):
            raise ValueError(f"{self}: confirmation, hangover and pre_roll must not be negative")
        if not self.maximum > self.hangover + self.pre_roll + self.confirmation:
            raise ValueError(f"{self}: maximum must exceed hangover, pre_roll and confirmation")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech; times are capture times, s.

    Attributes:
        id: unique for a run.
        start: of its first sample, pre-roll included.
        end: of its last sample so far.
        is_over: whether nothing more will be added to it.
    """

    id: str
    start: float
    end: float
    is_over: bool = False


class UtteranceSegmenter:
    """Cuts a stream of chunks into utterances.

    Args:
        parameters: what makes an utterance.
        id_prefix: what ids begin with; a run whose ids must not meet another's needs its own.
    """

    def __init__(self, parameters: UtteranceParameters | None = None, id_prefix: str = "u") -> None:
        self._parameters = parameters or UtteranceParameters()
        self._prefix = id_prefix
        self._count = 0
        self._current: Utterance | None = None
        self._speech_since: float | None = None
        self._last_speech = 0.0
        self._available_from: float | None = None

    @property
    def current(self) -> Utterance | None:
        """The utterance that goes on now."""
        return self._current

    @property
    def last_speech(self) -> float:
        """Capture time after the newest chunk that was speech, s; 0 before the first."""
        return self._last_speech

    def update(self, probability: float, start: float, end: float) -> list[Utterance]:
        """Take the next chunk; return what began, went on or ended with it, oldest first.

        Args:
            probability: that the chunk is speech, [0, 1].
            start: capture time of its first sample, s.
            end: capture time after its last sample, s, > start.
        """
        if self._available_from is None:
            self._available_from = start
        if self._current is None:
            return self._listen(probability, start, end)
        return self._follow(self._current, probability, start, end)

    def interrupt(self) -> Utterance | None:
        """End what goes on, because the sound has a gap; return the utterance that was ended."""
        ended = self._end(self._current, self._current.end) if self._current else None
        self._speech_since = None
        self._available_from = None
        return ended

    def _listen(self, probability: float, start: float, end: float) -> list[Utterance]:
        p = self._parameters
        threshold = p.begin_probability if self._speech_since is None else p.end_probability
        if probability < threshold:
            self._speech_since = None
            return []
        if self._speech_since is None:
            self._speech_since = start
        self._last_speech = end
        if end - self._speech_since < p.confirmation:
            return []
        return [self._begin(self._speech_since - p.pre_roll, end)]

    def _follow(
        self, current: Utterance, probability: float, start: float, end: float
    ) -> list[Utterance]:
        p = self._parameters
        if probability >= p.end_probability:
            self._last_speech = end
        if end - self._last_speech >= p.hangover:
            return [self._end(current, end)]
        if end - current.start > p.maximum:
            # Cut at the chunk's beginning, so that not a sample belongs to both.
            ended = self._end(current, start)
            if self._last_speech < end:
                return [ended]
            return [ended, self._begin(start, end)]
        self._current = Utterance(current.id, current.start, end)
        return [self._current]

    def _begin(self, start: float, end: float) -> Utterance:
        self._count += 1
        # Sound before the stream began, or of the utterance before, is not to be had.
        start = max(start, self._available_from if self._available_from is not None else start)
        self._speech_since = None
        self._current = Utterance(f"{self._prefix}{self._count}", start, end)
        return self._current

    def _end(self, current: Utterance, end: float) -> Utterance:
        self._current = None
        self._speech_since = None
        self._available_from = end
        return Utterance(current.id, current.start, end, is_over=True)
