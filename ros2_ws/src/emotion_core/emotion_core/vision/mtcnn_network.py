"""The three networks of the MTCNN cascade as onnxruntime sessions, and their input."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from emotion_core.vision.detection import DetectorError, Image

EXPORT_COMMAND: Final = "emotion-train export mtcnn"

Corners = npt.NDArray[np.float64]
"""Shape (N, 4): left, top, right, bottom in pixels, half open."""

PROPOSAL_WINDOW: Final = 12
"""Side of the square that one cell of the proposal network's output looks at, pixels."""
PROPOSAL_STRIDE: Final = 2
REFINEMENT_SIDE: Final = 24
OUTPUT_SIDE: Final = 48

_INPUT_SIDES: Final = {"pnet": PROPOSAL_WINDOW, "rnet": REFINEMENT_SIDE, "onet": OUTPUT_SIDE}
_OUTPUT_SHAPES: Final[dict[str, dict[str, tuple[int, ...]]]] = {
    "pnet": {"regression": (1, 4, 1, 1), "probability": (1, 2, 1, 1)},
    "rnet": {"regression": (1, 4), "probability": (1, 2)},
    "onet": {"regression": (1, 4), "landmarks": (1, 10), "probability": (1, 2)},
}


class Network:
    """One network of the cascade.

    Args:
        directory: folder of its file.
        name: ``pnet``, ``rnet`` or ``onet``.
        threads: of the session.

    Raises:
        DetectorError: if the file is missing, unreadable or another network; the message says how
            to make it.
    """

    def __init__(self, directory: Path, name: str, threads: int) -> None:
        path = directory / f"{name}.onnx"
        if not path.is_file():
            raise DetectorError(
                f"the face detector's network {path} is missing; make it with: {EXPORT_COMMAND}"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Threads that spin between frames would take the cores from the rest of the robot.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        expected = _OUTPUT_SHAPES[name]
        self._outputs = list(expected)
        side = _INPUT_SIDES[name]
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            answer = self.run(np.zeros((1, 3, side, side), np.float32))
        except Exception as error:  # onnxruntime's errors share no public base class
            raise DetectorError(
                f"{path} cannot be read as {name}; make it again with: {EXPORT_COMMAND} ({error})"
            ) from error
        shapes = {name: array.shape for name, array in zip(self._outputs, answer, strict=True)}
        if shapes != expected:
            raise DetectorError(
                f"{path} is another network: its outputs are {shapes}, not {expected}; "
                f"make it again with: {EXPORT_COMMAND}"
            )

    def run(self, images: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Return regression, landmarks (of ``onet`` only) and probability for (N, 3, H, W)."""
        outputs: list[npt.NDArray[np.float32]] = self._session.run(
            self._outputs, {self._input: images}
        )
        return outputs


def to_tensor(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Turn uint8 BGR (N, H, W, 3) into float32 RGB (N, 3, H, W) in [-1, 1)."""
    channels_first = images[..., ::-1].transpose(0, 3, 1, 2)
    tensor: npt.NDArray[np.float32] = np.ascontiguousarray(channels_first, dtype=np.float32)
    tensor -= 127.5
    tensor /= 128.0
    return tensor


def crops(image: Image, corners: Corners, side: int) -> Image:
    """Cut out boxes and scale each to (side, side); what lies outside the picture is black."""
    height, width = image.shape[:2]
    cut = np.zeros((len(corners), side, side, 3), np.uint8)
    bounds = np.clip(corners, -(2**30), 2**30)
    for crop, (left, top, right, bottom) in zip(cut, np.rint(bounds).astype(int), strict=True):
        inside = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            continue
        # The visible part is scaled straight to its place in the crop: padding the picture first
        # would cost memory without bound for a huge box.
        horizontal, vertical = side / (right - left), side / (bottom - top)
        columns = _span(inside[0] - left, inside[2] - left, horizontal, side)
        rows = _span(inside[1] - top, inside[3] - top, vertical, side)
        crop[rows, columns] = cv2.resize(
            image[inside[1] : inside[3], inside[0] : inside[2]],
            (columns.stop - columns.start, rows.stop - rows.start),
            interpolation=cv2.INTER_AREA,
        )
    return cut


def _span(start: int, stop: int, scale: float, side: int) -> slice:
    """Return the at least one pixel wide part of a crop's side that a visible span covers."""
    first = min(round(start * scale), side - 1)
    return slice(first, max(first + 1, min(round(stop * scale), side)))
