"""What may be uploaded: names and contents that strangers choose."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST_NAME: Final = 80
"""Characters of a file's name that are shown."""

SNIFFED_BYTES: Final = 4096
"""How much of a file :func:`video_container` needs."""

_MPEG_TS_PACKET: Final = 188
_SYNC: Final = 0x47
_ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_SIGNATURES: Final = (
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (b"FLV\x01", "Flash video"),
    (b"OggS", "Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x00\x00\x01\xb3", "MPEG video"),
    (b"GIF89a", "GIF"),
)


def video_container(head: bytes) -> str | None:
    """Return the kind of video file that begins with these bytes; None when it is none.

    The name of a file says nothing about its content and is not asked. Playlists and other texts
    are no containers: a decoder would open what they point to.

    Args:
        head: the first ``SNIFFED_BYTES`` of the file, or all of a shorter one.
    """
    if len(head) >= 12 and head[4:8] in _ISO_BOXES:
        return "MP4 or QuickTime"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "AVI"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    packets = range(0, min(len(head), 4 * _MPEG_TS_PACKET), _MPEG_TS_PACKET)
    if len(head) >= 2 * _MPEG_TS_PACKET and all(head[at] == _SYNC for at in packets):
        return "MPEG transport stream"
    return None


def display_name(name: str) -> str:
    """Return a file's name fit to be shown and offered for downloads.

    Folders, control characters and signs that reorder text are dropped. It never names a file on
    this computer: uploads are stored under names of our own.
    """
    name = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    shown = shown.strip(" .")
    if len(shown) > LONGEST_NAME:
        stem, dot, suffix = shown.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 8 else ""
        shown = shown[: LONGEST_NAME - 1 - len(suffix)] + "…" + suffix
    return shown or "video"
