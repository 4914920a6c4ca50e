"""Cutting recordings to what the fusion sees: faces at its 10 Hz, the sound, annotations.

Crops are cut by the function that the robot cuts them with, so that a network trained on them meets
nothing new there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.chunks import AudioSourceError, NoAudioTrackError
from emotion_core.audio.conversion import float_samples
from emotion_core.audio.features import SAMPLE_RATE, speech_span
from emotion_core.inference.fusion import STEP_SECONDS
from emotion_core.nets.expression import CROP_SIDE
from emotion_core.vision.alignment import aligned_crop
from emotion_core.vision.detection import FaceDetector
from emotion_core.vision.frames import Frame, SourceError, TruncatedVideoError
from emotion_core.vision.video_file import VideoFile
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.prepared import Preparation, prepare_each
from emotion_train.corpora.recording_clips import RecordingClip, store_recording_clip
from emotion_train.corpora.recordings import AffectTrack, Recording, RecordingCorpus, Sentence

PREPARATION: Final = 1
"""Part of the fingerprint: raised when the preparation itself changes."""

_ROUNDING: Final = 1e-6
"""Seconds by which a frame's time may be too small and still count for its step."""


def prepare_recordings(
    root: Path, corpus: RecordingCorpus, cache: Path, detector: FaceDetector
) -> Preparation:
    """Cut every recording of a corpus and keep it in ``cache``, one file for each.

    Recordings that cannot be used are passed over; an interrupted preparation goes on.

    Args:
        root: of the corpus.
        corpus: what was found there.
        cache: folder of the prepared files; it is created.
        detector: finds the faces.

    Raises:
        CorpusError: if nothing can be used, or the disk is full.
    """
    sources = [_Source(recording) for recording in corpus.recordings]

    def make(source: _Source, path: Path, fingerprint: str) -> None:
        store_recording_clip(cut_recording(source.recording, detector), path, fingerprint)

    return prepare_each(root, sources, cache, make, corpus.broken)


def cut_recording(recording: Recording, detector: FaceDetector) -> RecordingClip:
    """Read a recording: the largest face of the first frame of every step, and the sound.

    Raises:
        CorpusError: if a file cannot be read, or there is neither a face nor a sound.
    """
    try:
        found = _find_faces(recording.video, detector) if recording.video is not None else {}
        samples = read_sound(recording.sound) if recording.sound is not None else _SILENCE
    except NoAudioTrackError:
        samples = _SILENCE
    except (SourceError, AudioSourceError) as error:
        raise CorpusError(f"{recording.name}: {error}") from error
    heard = int(np.ceil(len(samples) / SAMPLE_RATE / STEP_SECONDS))
    steps = max([heard, *(step + 1 for step in found)])
    if not steps or not (len(samples) or any(crop is not None for crop in found.values())):
        raise CorpusError(f"{recording.name}: neither a face nor a sound in it")
    faces = np.zeros((steps, CROP_SIDE, CROP_SIDE), np.uint8)
    boxes = np.full((steps, 4), np.nan, np.float32)
    for step, face in found.items():
        if face is not None:
            boxes[step], faces[step] = face
    _, speech_end = speech_span(float_samples(samples))
    end = speech_end / SAMPLE_RATE if len(samples) else steps * STEP_SECONDS
    return RecordingClip(
        recording.name,
        recording.speaker,
        recording.split,
        "" if recording.video is None else str(recording.video.resolve()),
        faces,
        boxes,
        samples,
        tuple(
            Sentence(said.text, end if said.end is None else said.end)
            for said in recording.sentences
        ),
        recording.emotion,
        _ratings(recording.affect, steps),
    )


def read_sound(path: Path) -> npt.NDArray[np.int16]:
    """Return the sound of a file or video, int16 (S,), from the first picture on.

    Raises:
        AudioSourceError: if it has none or cannot be read.
    """
    source = AudioFile(path)
    source.open()
    chunks = []
    start = 0.0
    try:
        while (chunk := source.read()) is not None:
            start = start if chunks else chunk.time
            chunks.append(chunk.samples)
    finally:
        source.close()
    samples = np.concatenate(chunks)
    lead = round(start * SAMPLE_RATE)
    return np.pad(samples, (lead, 0)) if lead > 0 else samples[-lead:]


def read_frames(path: Path) -> Iterator[tuple[int, Frame]]:
    """Yield the first frame of every step that has one, with the step's number.

    Raises:
        SourceError: if there is no readable frame.
    """
    video = VideoFile(path)
    video.open()
    try:
        last = -1
        while (frame := video.read()) is not None:
            step = int((frame.time + _ROUNDING) / STEP_SECONDS)
            if step > last:
                last = step
                yield step, frame
    except TruncatedVideoError:
        # Flash and other containers only estimate how many frames they hold; what is missing
        # counts as unseen.
        return
    finally:
        video.close()


_SILENCE: Final = np.zeros(0, np.int16)

_Face = tuple[tuple[float, float, float, float], npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class _Source:
    recording: Recording

    @property
    def name(self) -> str:
        return self.recording.name

    def fingerprint(self) -> str:
        text = f"{PREPARATION} {self.recording.fingerprint()}"
        return hashlib.sha256(text.encode()).hexdigest()


def _find_faces(path: Path, detector: FaceDetector) -> dict[int, _Face | None]:
    faces: dict[int, _Face | None] = {}
    for step, frame in read_frames(path):
        found = max(detector.detect(frame.image), key=lambda face: face.box.area, default=None)
        if found is None:
            faces[step] = None
        else:
            box = found.box
            crop = aligned_crop(frame.image, found, CROP_SIDE)
            faces[step] = (box.x, box.y, box.width, box.height), crop
    return faces


def _ratings(track: AffectTrack | None, steps: int) -> npt.NDArray[np.float32]:
    ratings = np.full((steps, 2), np.nan, np.float32)
    if track is None:
        return ratings
    times = np.arange(steps) * STEP_SECONDS
    for dimension, values in enumerate(track.values.T):
        known = np.isfinite(values)
        if known.any():
            ratings[:, dimension] = np.interp(
                times, track.times[known], values[known], left=np.nan, right=np.nan
            )
    return ratings
