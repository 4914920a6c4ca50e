"""The pinhole camera with lens distortion: pixels to rays and back, and its calibration file.

Optical frame of REP-103: x right, y down, z forward. Pixel (0, 0) is the *centre* of the upper left
pixel, as in OpenCV and ``sensor_msgs/CameraInfo``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml

FloatArray = npt.NDArray[np.float64]

# Numbers of coefficients each distortion model of ``sensor_msgs/CameraInfo`` may have, usual first.
_COEFFICIENTS = {"plumb_bob": (5, 4), "rational_polynomial": (8,), "equidistant": (4,)}

_REFINEMENTS = 10


class CalibrationError(ValueError):
    """A calibration file cannot be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Intrinsic parameters of a camera.

    Attributes:
        width: image width, pixels, >= 1.
        height: image height, pixels, >= 1.
        fx: horizontal focal length, pixels, > 0.
        fy: vertical focal length, pixels, > 0.
        cx: horizontal principal point, pixels from the centre of the first column.
        cy: vertical principal point, pixels from the centre of the first row.
        distortion_model: ``plumb_bob``, ``rational_polynomial`` or ``equidistant`` (fisheye).
        distortion: coefficients in OpenCV's order (k1, k2, p1, p2, k3 ...); empty means none.

    Raises:
        ValueError: if a size or focal length is not positive, a number is not finite, or the
            number of coefficients does not belong to the model.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = "plumb_bob"
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"camera of {self.width}x{self.height} pixels: both must be >= 1")
        if not all(map(math.isfinite, (self.fx, self.fy, self.cx, self.cy, *self.distortion))):
            raise ValueError("camera: every parameter must be a finite number")
        if self.fx <= 0 or self.fy <= 0:
            raise ValueError(f"camera: focal lengths fx={self.fx}, fy={self.fy} must be > 0")
        allowed = _COEFFICIENTS.get(self.distortion_model)
        if allowed is None:
            known = ", ".join(_COEFFICIENTS)
            raise ValueError(
                f"camera: unknown distortion model {self.distortion_model!r}; known: {known}"
            )
        if self.distortion and len(self.distortion) not in allowed:
            raise ValueError(
                f"camera: {self.distortion_model} takes {allowed[0]} coefficients, "
                f"got {len(self.distortion)}"
            )

    @classmethod
    def from_field_of_view(cls, width: int, height: int, horizontal_fov: float) -> PinholeCamera:
        """Return an ideal camera with square pixels and the principal point in the middle.

        Args:
            width: pixels.
            height: pixels.
            horizontal_fov: angle between the left and the right image edge, rad, in (0, pi).

        Raises:
            ValueError: if a value is out of range.
        """
        if not 0 < horizontal_fov < math.pi:
            raise ValueError(f"horizontal field of view {horizontal_fov} rad is not in (0, pi)")
        focal = width / 2 / math.tan(horizontal_fov / 2)
        return cls(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)

    def ray(self, u: float, v: float) -> FloatArray:
        """Return the viewing direction of a pixel: unit vector of shape (3,), optical frame.

        Pixels outside the image are allowed.
        """
        x, y = (u - self.cx) / self.fx, (v - self.cy) / self.fy
        if self._is_distorted:
            x, y = self._undistort(u, v)
        return np.array([x, y, 1.0]) / math.hypot(x, y, 1.0)

    def project(self, ray: npt.ArrayLike) -> tuple[float, float]:
        """Return the pixel (u, v) that sees a direction in the optical frame; it may lie outside.

        Args:
            ray: shape (3,), any length > 0.

        Raises:
            ValueError: if the direction does not point in front of the camera.
        """
        x, y, z = np.asarray(ray, dtype=np.float64)
        if z <= 0:
            raise ValueError(f"direction ({x:.3g}, {y:.3g}, {z:.3g}) lies behind the camera")
        if self._is_distorted:
            point = np.array([[[x / z, y / z, 1.0]]])
            zero = np.zeros(3)
            project = (
                cv2.fisheye.projectPoints
                if self.distortion_model == "equidistant"
                else cv2.projectPoints
            )
            u, v = project(point, zero, zero, self.k, self.d)[0].reshape(2)
            return float(u), float(v)
        return float(self.fx * x / z + self.cx), float(self.fy * y / z + self.cy)

    def scaled(self, width: int, height: int) -> PinholeCamera:
        """Return the same lens with the whole picture resized to another number of pixels."""
        sx, sy = width / self.width, height / self.height
        return PinholeCamera(
            width,
            height,
            self.fx * sx,
            self.fy * sy,
            (self.cx + 0.5) * sx - 0.5,
            (self.cy + 0.5) * sy - 0.5,
            self.distortion_model,
            self.distortion,
        )

    @property
    def horizontal_fov(self) -> float:
        """Angle between the left and the right image edge without distortion, rad."""
        left, right = self.cx + 0.5, self.width - 0.5 - self.cx
        return math.atan2(left, self.fx) + math.atan2(right, self.fx)

    @property
    def k(self) -> FloatArray:
        """Camera matrix K of ``CameraInfo``, shape (3, 3)."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], dtype=np.float64)

    @property
    def d(self) -> FloatArray:
        """Distortion D of ``CameraInfo``: as many coefficients as the model has, zero for none."""
        empty = (
            5 if self.distortion_model == "plumb_bob" else _COEFFICIENTS[self.distortion_model][0]
        )
        return np.array(self.distortion or (0.0,) * empty, dtype=np.float64)

    @property
    def r(self) -> FloatArray:
        """Rectification R of ``CameraInfo``: identity for a single camera, shape (3, 3)."""
        return np.eye(3)

    @property
    def p(self) -> FloatArray:
        """Projection P of ``CameraInfo`` for a single camera: K with a zero column, (3, 4)."""
        return np.hstack([self.k, np.zeros((3, 1))])

    def _undistort(self, u: float, v: float) -> tuple[float, float]:
        """Return the undistorted pixel in units of the focal length."""
        is_fisheye = self.distortion_model == "equidistant"
        undistort = cv2.fisheye.undistortPoints if is_fisheye else cv2.undistortPoints
        pixel = np.array([[[u, v]]], dtype=np.float64)
        x, y = (float(value) for value in undistort(pixel, self.k, self.d).reshape(2))
        # OpenCV stops after five rounds, up to a pixel short in the corners of a wide lens.
        for _ in range(_REFINEMENTS):
            seen_u, seen_v = self.project((x, y, 1.0))
            x += (u - seen_u) / self.fx
            y += (v - seen_v) / self.fy
        return x, y

    @property
    def _is_distorted(self) -> bool:
        return any(self.distortion)


def load_calibration(path: str | Path) -> PinholeCamera:
    """Read a calibration in the YAML layout of ROS' camera_info_manager and camera_calibration.

    Raises:
        CalibrationError: if the file is missing, no YAML, or a field is missing or invalid.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, Mapping):
        raise CalibrationError(f"{path}: a mapping with camera_matrix and more is expected")
    try:
        matrix = _numbers(content, "camera_matrix", (9,))
        model = str(content.get("distortion_model", "plumb_bob"))
        allowed = _COEFFICIENTS.get(model, ())
        distortion: tuple[float, ...] = ()
        if "distortion_coefficients" in content:
            distortion = _numbers(content, "distortion_coefficients", allowed)
        return PinholeCamera(
            _pixels(content, "image_width"),
            _pixels(content, "image_height"),
            matrix[0],
            matrix[4],
            matrix[2],
            matrix[5],
            model,
            distortion,
        )
    except ValueError as error:
        raise CalibrationError(f"{path}: {error}") from error


def _pixels(content: Mapping[str, Any], field: str) -> int:
    value = content.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{field} must be a whole number of pixels, got {value!r}")


def _numbers(content: Mapping[str, Any], field: str, counts: tuple[int, ...]) -> tuple[float, ...]:
    entry = content.get(field)
    data = entry.get("data") if isinstance(entry, Mapping) else None
    if not isinstance(data, list) or not all(map(_is_number, data)):
        raise ValueError(f"{field}.data must be a list of numbers")
    if counts and len(data) not in counts:
        expected = " or ".join(map(str, counts))
        raise ValueError(f"{field}.data has {len(data)} numbers, {expected} expected")
    return tuple(map(float, data))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
