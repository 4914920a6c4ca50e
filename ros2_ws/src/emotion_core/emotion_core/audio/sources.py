"""Everything that delivers sound, by name."""

from __future__ import annotations

from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.chunks import AudioSource, AudioSpecificationError
from emotion_core.audio.microphone import Microphone

_USAGE = "device[:N|:NAME], wav:PATH or video:PATH"


def parse_audio_source(text: str) -> AudioSource:
    """Return the source a text names; nothing is opened yet.

    Args:
        text: ``device[:N|:NAME]``, ``wav:PATH`` for a sound file of any format, or ``video:PATH``
            for the sound track of a video.

    Raises:
        AudioSpecificationError: if the text cannot be understood.
    """
    kind, _, rest = text.strip().partition(":")
    if kind == "device":
        if not rest:
            return Microphone()
        return Microphone(int(rest) if rest.isdecimal() else rest)
    if kind in ("wav", "video"):
        if not rest:
            raise AudioSpecificationError(f"microphone {text!r}: the path of the file is missing")
        return AudioFile(rest)
    raise AudioSpecificationError(f"unknown microphone {text!r}; expected {_USAGE}")
