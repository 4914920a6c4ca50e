import unicodedata

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from emotion_core.privacy.uploads import LONGEST_NAME, display_name, video_container

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "mp4v"), ("avi", "MJPG"), ("mkv", "MJPG"), ("ts", "mp4v")]
)
def test_videos_are_known_by_their_content(tmp_path, suffix, codec):
    path = tmp_path / f"video.{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (64, 64))
    for _ in range(20):
        writer.write(cv2.resize(data.astronaut(), (64, 64)))
    writer.release()
    assert video_container(path.read_bytes()[:4096]) is not None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00",
        b"#!/bin/sh\necho hello\n",
        # A playlist makes a decoder open what it points to.
        b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1/secret\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<?xml version='1.0'?><MPD></MPD>",
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"%PDF-1.7",
        b"ftyp" + bytes(100),
        b"G" * 187,
    ],
)
def test_what_is_no_video(head):
    assert video_container(head) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.mp4", "evil.mp4"),
        ("/absolute/path.avi", "path.avi"),
        ("..", "video"),
        ("", "video"),
        ("\x00\x01\n.mp4", "mp4"),
        ("a\u202e4pm.exe", "a4pm.exe"),
        ("<img src=x onerror=alert(1)>.mp4", "<img src=x onerror=alert(1)>.mp4"),
        ("Grüße 👋.mkv", "Grüße 👋.mkv"),
    ],
)
def test_names_are_for_showing_only(name, shown):
    assert display_name(name) == shown


@given(st.text(max_size=300))
def test_no_name_has_folders_or_invisible_signs(name):
    shown = display_name(name)
    assert 0 < len(shown) <= LONGEST_NAME
    assert not set(shown) & {"/", "\\", "\x00", "\n", "\r"}
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    assert shown not in {".", ".."}
    assert display_name(shown) == shown
