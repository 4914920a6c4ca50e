"""Makes the pictures of the README from the built-in scene."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
from rich.console import Console

from emotion_bot.up import live_view
from emotion_bot.up.observer import Snapshot
from emotion_core.head.gaze_geometry import bearing
from emotion_core.replay.annotate import annotate
from emotion_core.replay.timeline import TimelineRow
from emotion_core.replay.video_reader import open_reader
from emotion_core.resources import cache_directory
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.scene import Scene
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.tracking import FaceTracker

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
FRAMES = 60
FPS = 30.0


def main() -> None:
    """Run two seconds of the scene with two people and picture its last frame."""
    detector = MtcnnDetector(cache_directory() / "mtcnn")
    reader = open_reader(FaceTracker(detector, detector))
    scene = Scene(parse_mode("two", width=960, height=540))
    rows: list[TimelineRow] = []
    for index in range(FRAMES):
        image = scene.render(index / FPS, 0.0, 0.0)
        rows = reader.read(image, index / FPS)
    cv2.imwrite(str(IMAGES / "robot-at-work.jpg"), annotate(image, rows))
    nearest = max(rows, key=lambda row: row.box.area)
    pan, tilt = bearing(scene.camera.ray(*nearest.box.center), 0.0, 0.0)
    console = Console(record=True, width=96, force_terminal=True)
    console.print(
        live_view.render(
            Snapshot(
                frame_rate=FPS,
                faces=len(rows),
                followed=nearest.face_id,
                label=nearest.expression.label,
                affect=nearest.affect,
                probabilities=tuple(map(float, nearest.expression.probabilities)),
                valence=nearest.expression.valence,
                arousal=nearest.expression.arousal,
                pan=pan,
                tilt=tilt,
                latency=math.nan,
            ),
            FRAMES / FPS,
            {},
            [],
        )
    )
    console.save_svg(str(IMAGES / "live-view.svg"), title="emotion-bot up")


if __name__ == "__main__":
    main()
