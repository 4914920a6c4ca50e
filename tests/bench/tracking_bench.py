"""Tracked frames per second against MTCNN on every frame, and how well the two agree.

Both see every frame one after the other, so whatever else the machine does slows both alike.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import cv2
import facenet_pytorch
import torch
import typer
from rich.console import Console
from rich.table import Table

from emotion_core.resources import cache_directory
from emotion_core.vision.detection import Image
from emotion_core.vision.geometry import Box, from_corners, intersection_over_union
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.tracking import FaceTracker, TrackedFace
from emotion_train.export.mtcnn import export_mtcnn

MATCHED = 0.5


def run(clip: Path) -> dict[str, Any]:
    """Measure on a clip with one thread, and with the libraries' own choice of threads.

    Returns:
        ``one_thread`` and ``default_threads``, each with ``threads``, ``frames``, ``mtcnn_fps``,
        ``tracked_fps``, ``ratio``, ``matched_share`` (of MTCNN's boxes with a tracked one at
        IoU >= 0.5), ``mean_iou`` (of the matched), ``face_share`` (frames with a face) and
        ``id_share`` (frames with a face in which the commonest id is present).

    Raises:
        ValueError: if the clip has no frame.
    """
    directory = cache_directory() / "mtcnn"
    export_mtcnn(directory)
    default_torch, default_opencv = torch.get_num_threads(), cv2.getNumThreads()
    try:
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        one = _measure(clip, directory)
        torch.set_num_threads(default_torch)
        cv2.setNumThreads(default_opencv)
        default = _measure(clip, directory)
    finally:
        torch.set_num_threads(default_torch)
        cv2.setNumThreads(default_opencv)
    return {"one_thread": one, "default_threads": default}


def _measure(clip: Path, directory: Path) -> dict[str, Any]:
    reference = facenet_pytorch.MTCNN(keep_all=True)
    detector = MtcnnDetector(directory)
    tracker = FaceTracker(detector, detector)
    reference_time = tracked_time = 0.0
    frames = frames_with_face = reference_boxes = 0
    overlaps: list[float] = []
    ids: Counter[str] = Counter()
    for moment, frame in _frames(clip):
        # The first call of a network plans its memory; that is no cost per frame.
        if frames == 0:
            reference.detect(frame)
            detector.detect(frame)
        started = time.perf_counter()
        corners, _ = reference.detect(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        between = time.perf_counter()
        faces = tracker.update(frame, moment)
        tracked_time += time.perf_counter() - between
        reference_time += between - started
        frames += 1
        frames_with_face += bool(faces)
        ids.update(face.id for face in faces)
        boxes = [] if corners is None else [from_corners(*map(float, box)) for box in corners]
        reference_boxes += len(boxes)
        overlaps += [best for box in boxes if (best := _best_overlap(box, faces)) >= MATCHED]
    if frames == 0:
        raise ValueError(f"no frame in {clip}")
    return {
        "threads": torch.get_num_threads(),
        "frames": frames,
        "mtcnn_fps": frames / reference_time,
        "tracked_fps": frames / tracked_time,
        "ratio": reference_time / tracked_time,
        "matched_share": len(overlaps) / max(1, reference_boxes),
        "mean_iou": sum(overlaps) / max(1, len(overlaps)),
        "face_share": frames_with_face / frames,
        "id_share": max(ids.values(), default=0) / max(1, frames_with_face),
    }


def _best_overlap(box: Box, faces: list[TrackedFace]) -> float:
    return max((intersection_over_union(box, face.box) for face in faces), default=0.0)


def _frames(clip: Path) -> Iterator[tuple[float, Image]]:
    capture = cv2.VideoCapture(str(clip))
    try:
        rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
        index = 0
        while True:
            read, frame = capture.read()
            if not read:
                return
            yield index / rate, frame
            index += 1
    finally:
        capture.release()


def main(
    clip: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Print the figures for one clip."""
    result = run(clip)
    table = Table(title=f"Faces in {clip.name}")
    for heading in ("", "1 thread", f"default ({result['default_threads']['threads']} threads)"):
        table.add_column(heading)
    for key, text, form in (
        ("mtcnn_fps", "MTCNN on every frame, frames/s", ".1f"),
        ("tracked_fps", "tracked, frames/s", ".1f"),
        ("ratio", "times as fast", ".1f"),
        ("matched_share", f"MTCNN's boxes matched at IoU >= {MATCHED}", ".1%"),
        ("mean_iou", "mean IoU of these", ".3f"),
        ("face_share", "frames with a face", ".1%"),
        ("id_share", "frames with a face that have its commonest id", ".1%"),
    ):
        table.add_row(text, *(format(result[run_][key], form) for run_ in result))
    Console().print(table)
    if as_json:
        as_json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
