"""Analysing a recorded video: its frames go in, a table, a summary and pictures come out."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_core.replay.annotated_video import AnnotatedVideo
from emotion_core.replay.plot import plot_timeline
from emotion_core.replay.soundtrack import SpokenWords
from emotion_core.replay.timeline import TimelineRow, main_face, segments, write_csv
from emotion_core.replay.video_reader import SeenFrame, VideoReader
from emotion_core.vision.frames import PacedSource, SourceError

Image = npt.NDArray[np.uint8]

_SCORED_AHEAD = 6
"""Frames whose scores are left to come while the next one is looked at."""
_WAITING_BYTES = 256 * 1024 * 1024
"""Pictures that may wait for their sound."""


@dataclass(frozen=True)
class AnalysisSummary:
    """What a video amounts to.

    Attributes:
        duration_s: of the video, s.
        frames: number of frames read.
        frames_with_face: of these, with at least one face.
        face_ids: ids in the order of their frames, most first.
        realtime_factor: duration divided by the time the analysis took.
    """

    duration_s: float
    frames: int
    frames_with_face: int
    face_ids: dict[str, int]
    realtime_factor: float


def analyze(
    source: PacedSource,
    reader: VideoReader,
    output: Path,
    clock: Callable[[], float],
    progress: Callable[[float], None] = lambda _time: None,
) -> AnalysisSummary:
    """Analyse a video and write timeline.csv, summary.json, annotated.mp4 and timeline.png.

    Args:
        source: the video, not yet opened.
        reader: fresh, since it remembers faces.
        output: folder for the results; it is created.
        clock: s, for the real-time factor.
        progress: called after each frame with its time in the video, s.

    Raises:
        SourceError: if the video cannot be read. What was read before the damage is written first.
        VideoWriteError: if the annotated video cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    started = clock()
    rows: list[TimelineRow] = []
    frames = 0
    time = 0.0
    try:
        source.open()
        frame_seconds = 1 / source.fps
        with AnnotatedVideo(
            output / "annotated.mp4", source.fps, (source.width, source.height)
        ) as video:
            for image, found, time in _read(reader, source):
                rows += found
                frames += 1
                video.write(image, found)
                progress(time)
    finally:
        source.close()
        if frames:
            summary = _summary(rows, frames, time + frame_seconds, clock() - started)
            _write_results(rows, reader.utterances, summary, output, Path(source.name).name)
    return summary


def _read(
    reader: VideoReader, source: PacedSource
) -> Iterator[tuple[Image, list[TimelineRow], float]]:
    """Yield picture, faces and time of every frame; the eyes may run ahead of the ears."""
    waiting: deque[tuple[Image, SeenFrame]] = deque()
    try:
        for image, time in _frames(source):
            waiting.append((image, reader.look(image, time)))
            full = len(waiting) * image.nbytes > _WAITING_BYTES
            while len(waiting) > _SCORED_AHEAD and (
                full or reader.soundtrack.reaches(waiting[0][1].time)
            ):
                picture, frame = waiting.popleft()
                yield picture, reader.conclude(frame), frame.time
                full = False
    except SourceError:
        # What was seen before the damage is worth as much as the rest.
        yield from _concluded(reader, waiting)
        raise
    yield from _concluded(reader, waiting)


def _concluded(
    reader: VideoReader, waiting: Iterable[tuple[Image, SeenFrame]]
) -> Iterator[tuple[Image, list[TimelineRow], float]]:
    for picture, frame in waiting:
        yield picture, reader.conclude(frame), frame.time


def _frames(source: PacedSource) -> Iterator[tuple[Image, float]]:
    while (offset := source.prepare()) is not None:
        frame = source.read(lambda time=offset: time)  # type: ignore[misc]
        if frame is None:
            return
        yield frame.image, offset


def _summary(rows: list[TimelineRow], frames: int, duration: float, took: float) -> AnalysisSummary:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.face_id] = counts.get(row.face_id, 0) + 1
    return AnalysisSummary(
        duration_s=round(duration, 3),
        frames=frames,
        frames_with_face=len({row.time for row in rows}),
        face_ids=dict(sorted(counts.items(), key=lambda item: -item[1])),
        realtime_factor=round(duration / took, 2),
    )


def _write_results(
    rows: list[TimelineRow],
    utterances: list[SpokenWords],
    summary: AnalysisSummary,
    output: Path,
    title: str,
) -> None:
    followed = main_face(rows)
    main_rows = [row for row in rows if row.face_id == followed]
    write_csv(rows, output / "timeline.csv")
    stretches = [asdict(segment) for segment in segments(main_rows)]
    said = [asdict(utterance) for utterance in utterances]
    content = {**asdict(summary), "segments": stretches, "utterances": said}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (output / "summary.json").write_text(text + "\n", encoding="utf-8")
    plot_timeline(main_rows, output / "timeline.png", title, utterances)
