"""Giving what is heard to the person in view who said it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from emotion_core.fusion.evidence import Evidence, ModalityScores
from emotion_core.fusion.speaker import ActiveSpeaker, Crop

_LONGEST_UTTERANCE_SECONDS: Final = 40.0
"""For so long it is remembered who spoke when."""


@dataclass
class Attribution:
    """Keeps the newest voice and words, and who is taken to have uttered them.

    Attributes:
        watcher: finds who speaks by looking.
    """

    watcher: ActiveSpeaker = field(default_factory=ActiveSpeaker)
    _voice: ModalityScores | None = None
    _words: ModalityScores | None = None
    _words_owner: str = ""
    _is_speaking: bool = False
    _speaker: str = ""
    _voice_owner: str = ""
    _spoken: deque[tuple[float, str]] = field(default_factory=deque)

    @property
    def speaker(self) -> str:
        """Id of the face that speaks now; empty when nobody in view does."""
        return self._speaker

    def hear_voice(self, scores: ModalityScores | None, *, is_speaking: bool) -> None:
        """Take the newest voice.

        Args:
            scores: of the newest voiced window; None when there is none, which leaves what was
                heard last to grow old.
            is_speaking: whether somebody speaks.
        """
        self._is_speaking = is_speaking
        if scores is not None:
            self._voice = scores

    def hear_words(self, scores: ModalityScores | None, start: float, end: float) -> str:
        """Take the words of an utterance; return the id of the face they belong to, or nothing.

        They belong to whoever spoke in most of the frames during the utterance.

        Args:
            scores: of the words; None when they say nothing.
            start: of the utterance, s.
            end: of the utterance, s.
        """
        said = Counter(name for time, name in self._spoken if start <= time <= end and name)
        owner = said.most_common(1)[0][0] if said else ""
        if scores is not None:
            self._words, self._words_owner = scores, owner
        return owner

    def look(self, crops: Mapping[str, Crop], time: float) -> str:
        """Return who speaks, from the faces seen in a frame; see `ActiveSpeaker.update`."""
        self._speaker = self.watcher.update(crops, time, is_speaking=self._is_speaking)
        if self._is_speaking:
            self._spoken.append((time, self._speaker))
            self._voice_owner = self._speaker
        while self._spoken and not 0 <= time - self._spoken[0][0] <= _LONGEST_UTTERANCE_SECONDS:
            self._spoken.popleft()
        return self._speaker

    def evidence(self, person: str, face: ModalityScores | None) -> Evidence:
        """Return everything known of a person, however old it is.

        Args:
            person: id of the face.
            face: what the face shows now; None when it is hidden.
        """
        return Evidence(
            face,
            self._voice if person == self._voice_owner else None,
            self._words if person == self._words_owner else None,
        )
