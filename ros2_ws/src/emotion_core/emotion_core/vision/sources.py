"""Everything that delivers pictures: cameras, files, streams and the built-in scene, by name."""

from __future__ import annotations

from collections.abc import Callable

from emotion_core.capture.source import Clock
from emotion_core.vision.frames import (
    CameraLostError,
    FileEmptyError,
    FileMissingError,
    Frame,
    FrameSource,
    NoCameraError,
    NotAVideoError,
    PacedSource,
    SourceError,
    SourceSpecificationError,
    StreamLostError,
    StreamUnavailableError,
    TruncatedVideoError,
)
from emotion_core.vision.live_capture import DEFAULT_FPS, NetworkStream, Webcam
from emotion_core.vision.scene import Scene, SceneParameters
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.video_file import VideoFile

__all__ = [
    "CameraLostError",
    "FileEmptyError",
    "FileMissingError",
    "Frame",
    "FrameSource",
    "NetworkStream",
    "NoCameraError",
    "NotAVideoError",
    "PacedSource",
    "SceneSource",
    "SourceError",
    "SourceSpecificationError",
    "StreamLostError",
    "StreamUnavailableError",
    "TruncatedVideoError",
    "VideoFile",
    "Webcam",
    "parse_source",
]

HeadPose = Callable[[float], tuple[float, float]]

_USAGE = "scene[:MODE], webcam[:N|:/dev/videoN], video:PATH or stream:URL"


class SceneSource:
    """The built-in scene as a camera on the head.

    The scene's time is the capture time since the first picture, also when pictures had to be left
    out, so that its ground truth is known to whoever knows the first picture's time.

    Args:
        parameters: of the scene.
        pose: gives the head's measured (pan, tilt) in rad at a time in s of the clock that is given
            to ``read``; without one, the camera looks straight ahead.
        fps: frame rate, 1/s, > 0.
    """

    realtime = False
    recorded = False
    name = "scene"

    def __init__(
        self,
        parameters: SceneParameters | None = None,
        pose: HeadPose | None = None,
        fps: float = DEFAULT_FPS,
    ) -> None:
        if not fps > 0:
            raise SourceSpecificationError(f"scene: frame rate {fps} must be > 0")
        self.parameters = parameters or SceneParameters()
        self.pose = pose or _straight_ahead
        self.fps = fps
        self.scene: Scene | None = None
        self._read = 0
        self._start = 0.0

    @property
    def width(self) -> int:
        """Pixels."""
        return self.parameters.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self.parameters.height

    def open(self) -> None:
        """Draw the world; the scene's time starts anew."""
        if self.scene is None:
            self.scene = Scene(self.parameters)
        self._read = 0

    def prepare(self) -> float | None:
        """Return the time of the next picture since the first one, s. The scene never ends."""
        return self._read / self.fps

    def read(self, clock: Clock) -> Frame | None:
        """Return what the camera sees with the head's pose at the clock's time."""
        if self.scene is None:
            raise CameraLostError(f"{self.name}: is not open")
        time = clock()
        if self._read == 0:
            self._start = time
        self._read += 1
        return Frame(self.scene.render(time - self._start, *self.pose(time)), time)

    def close(self) -> None:
        """Nothing to release; the drawn world is kept for the next ``open``."""


def parse_source(
    text: str,
    *,
    pose: HeadPose | None = None,
    width: int = 640,
    height: int = 480,
    fps: float = DEFAULT_FPS,
) -> FrameSource:
    """Return the source a text names; nothing is opened yet.

    Args:
        text: ``scene[:MODE]``, ``webcam[:N|:/dev/videoN]``, ``video:PATH`` or ``stream:URL``.
        pose: of the head, for the scene.
        width: pixels, for webcam and scene.
        height: pixels, for webcam and scene.
        fps: frame rate, 1/s, for webcam and scene.

    Raises:
        SourceSpecificationError: if the text cannot be understood.
    """
    kind, _, rest = text.strip().partition(":")
    if kind == "scene":
        try:
            parameters = parse_mode(rest or "walk", width=width, height=height)
        except ValueError as error:
            raise SourceSpecificationError(str(error)) from error
        return SceneSource(parameters, pose, fps)
    if kind == "webcam":
        if rest and not rest.isdecimal() and not rest.startswith("/"):
            raise SourceSpecificationError(
                f"source {text!r}: a camera is a number or a path such as /dev/video0"
            )
        device = rest if rest.startswith("/") else int(rest or 0)
        return Webcam(device, width, height, fps)
    if kind == "video":
        if not rest:
            raise SourceSpecificationError(f"source {text!r}: the path of the video is missing")
        return VideoFile(rest)
    if kind == "stream":
        return NetworkStream(rest)
    raise SourceSpecificationError(f"unknown source {text!r}; expected {_USAGE}")


def _straight_ahead(_time: float) -> tuple[float, float]:
    return 0.0, 0.0
