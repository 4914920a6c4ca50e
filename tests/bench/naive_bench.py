"""The robot against a first version's pipeline: everything on every frame in one loop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import facenet_pytorch
import numpy as np
import torch

from emotion_core.inference.expression import ExpressionModel
from emotion_core.resources import FACE_MODEL, models_directory
from emotion_core.vision.alignment import aligned_crop
from emotion_core.vision.detection import Detection, Image
from emotion_core.vision.geometry import from_corners
from emotion_core.vision.video_file import VideoFile

from .cores import usable_cores
from .expression_bench import torch_network
from .figures import ratio
from .live import run_live

SECONDS = 18.0
LATENCY = "capture_to_expression"
_PERCENTILES = (50, 95, 99)


class NaivePipeline:
    """facenet-pytorch's MTCNN and the face network in torch eager, one after the other.

    Args:
        threads: of torch.
    """

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        model = ExpressionModel(models_directory() / FACE_MODEL)
        self._side = model.crop_size
        self._network = torch_network(model)
        self._detector = facenet_pytorch.MTCNN(keep_all=True)

    @torch.inference_mode()
    def process(self, image: Image) -> int:
        """Find and score all faces of a frame, uint8 (H, W, 3) BGR; return how many there are."""
        corners, confidences, landmarks = self._detector.detect(
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB), landmarks=True
        )
        if corners is None:
            return 0
        crops = np.stack(
            [
                aligned_crop(
                    image,
                    Detection(from_corners(*map(float, box)), float(confidence), points),
                    self._side,
                )
                for box, confidence, points in zip(corners, confidences, landmarks, strict=True)
            ]
        )
        self._network(torch.from_numpy(crops)[:, None].float() / 255)
        return len(crops)


def run(clip: Path) -> dict[str, Any]:
    """Run both on the first 18 s of a clip at its own frame rate, one after the other.

    Returns:
        ``naive``: ``latency_ms`` from a frame's due time to its expression, with the frames that
        wait queued before it, ``processing_ms`` of the frame alone, ``frames``,
        ``frames_with_face`` and ``frames_per_s``; ``robot``: ``latency_ms`` from capture to
        expression, ``frames_captured`` and ``frames_dropped``; ``p95_ratio`` of the latencies, and
        ``p95_ratio_without_queue`` of the naive processing time to the robot's latency.

    Raises:
        ValueError: if the clip has no frame.
        RuntimeError: if the robot fails.
    """
    naive = naive_run(clip, SECONDS)
    live = run_live(
        "--source", f"video:{clip}", "--mic", "none", "--head", "sim", "--no-dashboard",
        "--duration", f"{SECONDS:g}",
    ).report  # fmt: skip
    latency = live["latency_ms"][LATENCY]
    return {
        "naive": naive,
        "robot": {
            "latency_ms": latency,
            "frames_captured": live["frames_captured"],
            "frames_dropped": live["frames_dropped"],
        },
        "p95_ratio": ratio(naive["latency_ms"]["p95"], latency["p95"]),
        "p95_ratio_without_queue": ratio(naive["processing_ms"]["p95"], latency["p95"]),
    }


def naive_run(clip: Path, seconds: float) -> dict[str, Any]:
    """Return the naive pipeline's figures on the beginning of a clip; see `run`."""
    before = torch.get_num_threads()
    try:
        return _measure(NaivePipeline(usable_cores()), clip, seconds)
    finally:
        torch.set_num_threads(before)


def _measure(pipeline: NaivePipeline, clip: Path, seconds: float) -> dict[str, Any]:
    latencies: list[float] = []
    processing: list[float] = []
    with_face = 0
    source = VideoFile(str(clip))
    source.open()
    try:
        start = 0.0
        while (moment := source.prepare()) is not None and moment < seconds:
            frame = source.read()
            assert frame is not None
            if not latencies:
                # The first call of a network plans its memory; that is no cost per frame.
                pipeline.process(frame.image)
                start = time.perf_counter() - moment
            time.sleep(max(0.0, start + moment - time.perf_counter()))
            begun = time.perf_counter()
            with_face += pipeline.process(frame.image) > 0
            ended = time.perf_counter()
            processing.append(ended - begun)
            latencies.append(ended - start - moment)
        elapsed = time.perf_counter() - start
    finally:
        source.close()
    if not latencies:
        raise ValueError(f"no frame in {clip}")
    return {
        "threads": torch.get_num_threads(),
        "frames": len(latencies),
        "frames_with_face": with_face,
        "frames_per_s": round(len(latencies) / elapsed, 2),
        "latency_ms": milliseconds(latencies),
        "processing_ms": milliseconds(processing),
    }


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of times in s, as ms."""
    values = np.percentile(np.array(seconds) * 1e3, _PERCENTILES)
    return {
        f"p{percentile}": round(float(value), 2)
        for percentile, value in zip(_PERCENTILES, values, strict=True)
    }
