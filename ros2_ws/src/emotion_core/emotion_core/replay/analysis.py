"""Reading the expressions of a recorded video with the code that runs on the robot."""

from __future__ import annotations

import json
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.fusion.attribution import Attribution
from emotion_core.fusion.evidence import ModalityScores
from emotion_core.fusion.people import PeopleFusion
from emotion_core.inference.expression import ExpressionModel, ExpressionScores
from emotion_core.inference.fusion import FusionModel
from emotion_core.replay.annotate import annotate
from emotion_core.replay.plot import plot_timeline
from emotion_core.replay.soundtrack import HeardVoice, Silence, Soundtrack, SpokenWords
from emotion_core.replay.timeline import TimelineRow, main_face, segments, write_csv
from emotion_core.resources import FACE_MODEL, FUSION_MODEL, models_directory
from emotion_core.vision.alignment import GreyCrop, aligned_crop
from emotion_core.vision.frames import PacedSource, SourceError
from emotion_core.vision.geometry import Box
from emotion_core.vision.tracking import FaceSource, FaceTracker

Image = npt.NDArray[np.uint8]

_WRITER_QUEUE = 16
_SCORED_AHEAD = 6
"""Frames whose scores are left to come while the next one is looked at."""
_WAITING_BYTES = 256 * 1024 * 1024
"""Pictures that may wait for their sound."""


class AnalysisError(RuntimeError):
    """A result cannot be written; the message names the file."""


@dataclass(frozen=True)
class SeenFrame:
    """What the eyes alone make of a frame.

    Attributes:
        time: s.
        boxes: of all faces by id, hidden ones included.
        crops: aligned, of the faces that were seen.
        scores: of the same, in their order, as soon as they are there.
    """

    time: float
    boxes: dict[str, Box]
    crops: dict[str, GreyCrop]
    scores: Future[ExpressionScores]


@dataclass
class VideoReader:
    """Turns frames and sound into timeline rows: track, crop, score, fuse.

    Attributes:
        tracker: gives the faces their ids.
        model: scores the crops.
        people: fuses and smooths the scores of each face.
        soundtrack: what is heard meanwhile.
        utterances: what was said so far.
    """

    tracker: FaceTracker
    model: ExpressionModel
    people: PeopleFusion
    soundtrack: Soundtrack = field(default_factory=Silence)
    utterances: list[SpokenWords] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._latest: dict[str, TimelineRow] = {}
        self._attribution = Attribution()
        # Scores one frame while the next one is tracked.
        self._scorer = ThreadPoolExecutor(1, "expression")

    def read(self, image: Image, time: float) -> list[TimelineRow]:
        """Return the faces of one frame; a hidden face keeps its last expression.

        Args:
            image: uint8 (H, W, 3) BGR.
            time: of the frame, s; must not decrease from call to call.
        """
        return self.conclude(self.look(image, time))

    def look(self, image: Image, time: float) -> SeenFrame:
        """Find the faces of the next frame and begin to score them, whatever is heard."""
        faces = self.tracker.update(image, time)
        seen = [face for face in faces if face.source is not FaceSource.PREDICTED]
        side = self.model.crop_size
        crops = np.array([aligned_crop(image, face, side) for face in seen], dtype=np.uint8)
        crops = crops.reshape(-1, side, side)
        by_id = {face.id: crop for face, crop in zip(seen, crops, strict=True)}
        scores = self._scorer.submit(self.model.predict, crops)
        return SeenFrame(time, {face.id: face.box for face in faces}, by_id, scores)

    def conclude(self, frame: SeenFrame) -> list[TimelineRow]:
        """Return the faces of the next frame that was looked at; waits for its sound."""
        time = frame.time
        self._hear(time)
        self._attribution.look(frame.crops, time)
        scores = frame.scores.result()
        for name, probabilities, affect, embedding in zip(
            frame.crops,
            scores.probabilities,
            scores.valence_arousal,
            scores.embedding,
            strict=True,
        ):
            shown = ModalityScores(probabilities, affect, embedding, time)
            evidence = self._attribution.evidence(name, shown)
            fused = self.people.update(name, evidence, time)
            if fused is not None:
                self._latest[name] = TimelineRow(
                    time,
                    name,
                    frame.boxes[name],
                    fused.expression,
                    fused.weights,
                    evidence.fresh(time),
                )
        self._latest = {
            name: replace(self._latest[name], time=time, box=box)
            for name, box in frame.boxes.items()
            if name in self._latest
        }
        return list(self._latest.values())

    def _hear(self, time: float) -> None:
        for heard in self.soundtrack.until(time):
            if isinstance(heard, HeardVoice):
                self._attribution.hear_voice(heard.scores, is_speaking=heard.is_speaking)
                continue
            owner = self._attribution.hear_words(heard.scores, heard.start, heard.time)
            self.utterances.append(
                SpokenWords(
                    round(heard.start, 3),
                    round(heard.time, 3),
                    heard.text,
                    round(heard.confidence, 3),
                    owner,
                )
            )


def open_reader(
    tracker: FaceTracker,
    face_model: Path | None = None,
    soundtrack: Soundtrack | None = None,
) -> VideoReader:
    """Return a reader with the shipped models.

    Args:
        tracker: fresh, since it remembers faces.
        face_model: instead of the shipped one.
        soundtrack: what is heard; None for nothing.

    Raises:
        ModelError: if a model is missing or damaged.
        FileNotFoundError: if there is no folder with models.
    """
    models = models_directory()
    return VideoReader(
        tracker,
        ExpressionModel(face_model or models / FACE_MODEL),
        PeopleFusion(FusionModel(models / FUSION_MODEL)),
        soundtrack or Silence(),
    )


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
        AnalysisError: if a result cannot be written.
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


class AnnotatedVideo:
    """Draws and encodes frames in a thread of its own, because encoding costs as much as tracking.

    Args:
        path: of the MP4 file.
        fps: frames per second.
        size: width and height, pixels.

    Raises:
        AnalysisError: if the file cannot be opened for writing.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        self._size = size
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
        if not self._writer.isOpened():
            raise AnalysisError(f"cannot write video {path}")
        self._queue: queue.Queue[tuple[Image, list[TimelineRow]] | None] = queue.Queue(
            _WRITER_QUEUE
        )
        self._thread = threading.Thread(target=self._run, name="annotated video", daemon=True)
        self._thread.start()

    def __enter__(self) -> AnnotatedVideo:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        self._writer.release()

    def write(self, image: Image, rows: list[TimelineRow]) -> None:
        """Add a frame; waits when the encoder is behind."""
        self._queue.put((image, rows))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            image, rows = item
            drawn = annotate(image, rows)
            if drawn.shape[1::-1] != self._size:
                drawn = np.asarray(cv2.resize(drawn, self._size), dtype=np.uint8)
            self._writer.write(drawn)
