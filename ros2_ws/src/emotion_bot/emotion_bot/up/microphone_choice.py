"""Choosing the microphone at bring-up by what this computer has."""

from __future__ import annotations

from emotion_bot.graph import (
    AUTOMATIC_MICROPHONE,
    NO_MICROPHONE,
    BringUpOptions,
    resolve_microphone,
)
from emotion_core.audio.audio_file import has_sound
from emotion_core.audio.chunks import AudioSourceError
from emotion_core.audio.microphone import list_microphones
from emotion_core.audio.sources import parse_audio_source


def check_microphone(mic: str) -> None:
    """Refuse a text that names no microphone.

    Raises:
        AudioSpecificationError: if it is neither auto, none nor a source of sound.
    """
    if mic not in (AUTOMATIC_MICROPHONE, NO_MICROPHONE):
        parse_audio_source(mic)


def choose_microphone(options: BringUpOptions) -> BringUpOptions:
    """Return the options with `auto` replaced by what there is."""
    return resolve_microphone(options, _has_microphone, has_sound)


def _has_microphone() -> bool:
    try:
        return bool(list_microphones())
    except AudioSourceError:
        return False
