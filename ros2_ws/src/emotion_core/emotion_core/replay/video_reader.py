"""Reading the expressions of a recorded video with the code that runs on the robot."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_core.fusion.attribution import Attribution
from emotion_core.fusion.evidence import ModalityScores
from emotion_core.fusion.people import PeopleFusion
from emotion_core.inference.expression import ExpressionModel, ExpressionScores
from emotion_core.inference.fusion import FusionModel
from emotion_core.replay.soundtrack import HeardVoice, Silence, Soundtrack, SpokenWords
from emotion_core.replay.timeline import TimelineRow
from emotion_core.resources import FACE_MODEL, FUSION_MODEL, models_directory
from emotion_core.vision.alignment import GreyCrop, aligned_crop
from emotion_core.vision.geometry import Box
from emotion_core.vision.tracking import FaceSource, FaceTracker

Image = npt.NDArray[np.uint8]


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
