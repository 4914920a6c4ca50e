"""The child process that reads an uploaded video.

Decoders meet hostile files, so this runs apart from the page, with limits, without network access
and at low priority. It prints one JSON object per line: progress, then the result or an error.

    python -m emotion_bot.dashboard.analysis_worker FOLDER LONGEST_SECONDS

The folder holds the video as `upload`. Beside it this writes `timeline.csv`, `timeline.json`,
`frames.bin` (JPEGs one after the other) and `frames.idx` (their ends, 8 bytes each).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# FFmpeg must not follow what a file points to; OpenCV reads this when it first opens one.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file"

import cv2
import numpy as np
import numpy.typing as npt

from emotion_bot.dashboard.names import FRAME_INDEX, FRAMES, TABLE, TIMELINE, UPLOAD
from emotion_core.inference.session import ModelError
from emotion_core.replay.timeline import TimelineRow, main_face, write_csv
from emotion_core.replay.video_reader import open_reader
from emotion_core.resources import cache_directory
from emotion_core.vision.detection import DetectorError
from emotion_core.vision.frames import SourceError
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.sources import VideoFile
from emotion_core.vision.tracking import FaceTracker

_SHOWN_WIDTH: Final = 560
_JPEG_QUALITY: Final = 78
_LARGEST_SIDE: Final = 4096
"""Pixels; a larger frame would take minutes and gigabytes for nothing."""

_MEMORY_LIMIT: Final = 4 * 2**30
_FILE_LIMIT: Final = 2 * 2**30
_PRIORITY: Final = 10
_REPORTS_PER_SECOND: Final = 4.0
_PR_SET_PDEATHSIG: Final = 1


class TooLargeError(RuntimeError):
    """The video is longer or its pictures are larger than this accepts."""


def main() -> int:
    """Read the video in the folder named on the command line; return the exit status."""
    folder, longest = Path(sys.argv[1]), float(sys.argv[2])
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(_PRIORITY)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _print(_read(folder, longest))
    except (SourceError, TooLargeError) as error:
        _print({"error": _without_path(str(error))})
        return 1
    except (DetectorError, ModelError, FileNotFoundError) as error:
        _print({"error": f"the robot's models cannot be read: {error}"})
        return 1
    except MemoryError:
        _print({"error": "the video needs more memory than it may use"})
        return 1
    except OSError as error:
        _print({"error": f"the results cannot be stored: {error.strerror}"})
        return 1
    return 0


def _read(folder: Path, longest: float) -> dict[str, Any]:
    detector = MtcnnDetector(cache_directory() / "mtcnn")
    reader = open_reader(FaceTracker(detector, detector))
    source = VideoFile(folder / UPLOAD)
    started = time.monotonic()
    times: list[float] = []
    rows: list[list[TimelineRow]] = []
    warning = ""
    try:
        source.open()
        duration = source.frame_count / source.fps
        _check_size(source, duration, longest)
        with (folder / FRAMES).open("wb") as frames, (folder / FRAME_INDEX).open("wb") as index:
            reported = started
            for image, seconds in _frames(source):
                if seconds > longest:
                    warning = f"only the first {longest:.0f} s were read"
                    break
                rows.append(reader.read(image, seconds))
                times.append(seconds)
                frames.write(_jpeg(image))
                index.write(struct.pack("<Q", frames.tell()))
                now = time.monotonic()
                if now - reported >= 1 / _REPORTS_PER_SECOND:
                    reported = now
                    _print(_progress(seconds, duration, len(times), now - started))
    except SourceError as error:
        if not times:
            raise
        # What was read before the damage is worth showing.
        warning = _without_path(str(error))
    finally:
        source.close()
    took = time.monotonic() - started
    flat = [row for frame in rows for row in frame]
    write_csv(flat, folder / TABLE)
    timeline = _timeline(source, times, rows, flat)
    (folder / TIMELINE).write_text(json.dumps(timeline, separators=(",", ":")), encoding="utf-8")
    read_seconds = times[-1] + 1 / source.fps
    return {
        "done": True,
        "frames": len(times),
        "duration": round(read_seconds, 2),
        "speed": round(read_seconds / took, 2),
        "people": len(timeline["people"]),
        "warning": warning,
    }


def _check_size(source: VideoFile, duration: float, longest: float) -> None:
    if max(source.width, source.height) > _LARGEST_SIDE:
        raise TooLargeError(
            f"its pictures are {source.width}×{source.height} pixels; "
            f"at most {_LARGEST_SIDE} on a side are read"
        )
    if duration > longest:
        raise TooLargeError(
            f"it is {duration / 60:.0f} min long; at most {longest / 60:.0f} min are read here. "
            "For longer videos use: emotion-bot analyze"
        )


def _frames(source: VideoFile) -> Iterator[tuple[npt.NDArray[np.uint8], float]]:
    while (seconds := source.prepare()) is not None:
        frame = source.read()
        if frame is None:
            return
        yield frame.image, seconds


def _jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    height, width = image.shape[:2]
    if width > _SHOWN_WIDTH:
        size = (_SHOWN_WIDTH, max(1, round(height * _SHOWN_WIDTH / width)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()


def _progress(seconds: float, duration: float, frames: int, took: float) -> dict[str, Any]:
    return {
        "progress": round(min(seconds / duration, 1.0), 4) if duration > 0 else None,
        "seconds": round(seconds, 2),
        "frames": frames,
        "speed": round(seconds / took, 2),
    }


def _timeline(
    source: VideoFile, times: list[float], rows: list[list[TimelineRow]], flat: list[TimelineRow]
) -> dict[str, Any]:
    """Return columns for the page: boxes as shares of the frame, one entry per frame and face."""
    people: dict[str, dict[str, list[Any]]] = {}
    for number, found in enumerate(rows):
        for row in found:
            person = people.setdefault(
                row.face_id,
                {"frame": [], "box": [], "label": [], "p": [], "v": [], "a": [], "affect": []},
            )
            box, expression = row.box, row.expression
            person["frame"].append(number)
            person["box"].append(
                [
                    round(box.x / source.width, 4),
                    round(box.y / source.height, 4),
                    round((box.x + box.width) / source.width, 4),
                    round((box.y + box.height) / source.height, 4),
                ]
            )
            person["label"].append(expression.label)
            person["p"].append([round(float(p), 3) for p in expression.probabilities])
            person["v"].append(round(expression.valence, 3))
            person["a"].append(round(expression.arousal, 3))
            person["affect"].append(row.affect)
    return {
        "fps": round(source.fps, 3),
        "width": source.width,
        "height": source.height,
        "times": [round(seconds, 3) for seconds in times],
        "main": main_face(flat),
        "people": people,
    }


def _without_path(message: str) -> str:
    """Return a source's message without the name that the file has on this computer."""
    _, separator, text = message.partition(f"{UPLOAD}: ")
    return text if separator else message


def _print(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
