"""Geometry of the pan-tilt head: from what the camera sees to where the head has to point.

The head is a chain base -> pan (about the base's z) -> tilt (about the pan link's -y) -> camera.
The numbers of ``HeadDimensions`` are those of ``emotion_bot_description/urdf/head.urdf``; a test
compares the two. Base frame of REP-103: x forward, y left, z up. Pan is positive to the robot's
left, tilt positive upwards, both in rad.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Columns: the optical frame's x (right), y (down) and z (forward) seen in the camera link's frame.
_OPTICAL_TO_LINK = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True, slots=True)
class HeadDimensions:
    """Where the joints and the camera sit. The pan axis, the tilt axis and the lens share a plane.

    Attributes:
        tilt_axis_height: of the tilt axis above the base frame's origin, m.
        camera_forward: of the lens in front of the tilt axis when level, m.
        camera_up: of the lens above the tilt axis when level, m.
    """

    tilt_axis_height: float = 0.110
    camera_forward: float = 0.030
    camera_up: float = 0.020


DIMENSIONS = HeadDimensions()


def optical_to_base(pan: float, tilt: float) -> FloatArray:
    """Return the rotation, shape (3, 3), that takes optical-frame vectors to the base frame."""
    cp, sp = math.cos(pan), math.sin(pan)
    ct, st = math.cos(tilt), math.sin(tilt)
    link_to_base = np.array([[cp * ct, -sp, -cp * st], [sp * ct, cp, -sp * st], [st, 0.0, ct]])
    return np.asarray(link_to_base @ _OPTICAL_TO_LINK)


def camera_position(pan: float, tilt: float, dimensions: HeadDimensions = DIMENSIONS) -> FloatArray:
    """Return where the lens is in the base frame, m, shape (3,)."""
    ct, st = math.cos(tilt), math.sin(tilt)
    reach = dimensions.camera_forward * ct - dimensions.camera_up * st
    height = dimensions.camera_forward * st + dimensions.camera_up * ct
    return np.array(
        [reach * math.cos(pan), reach * math.sin(pan), dimensions.tilt_axis_height + height]
    )


def bearing(
    ray: npt.ArrayLike,
    pan: float,
    tilt: float,
    distance: float = math.inf,
    dimensions: HeadDimensions = DIMENSIONS,
) -> tuple[float, float]:
    """Return the head angles (pan, tilt) that bring what the camera sees along a ray to its centre.

    For far targets only directions count and the distance may be left out. The lens is not on the
    axes, so for a target at distance d, leaving it out is wrong by ``asin(camera_up / d)`` in tilt
    (1.1° at 1 m) plus a fraction ``camera_forward / d`` of the turn still to make (0.9° of 30° at
    1 m); both vanish as the head turns to the target, since the bearing is measured again.

    Args:
        ray: direction in the optical frame, shape (3,), any length > 0.
        pan: of the head when the picture was taken, rad.
        tilt: of the head when the picture was taken, rad.
        distance: of the target from the lens, m, > 0.
        dimensions: of the head.

    Raises:
        ValueError: if the ray has no direction or the distance is not > 0.
    """
    direction = np.asarray(ray, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    if not (length > 0 and math.isfinite(length)):
        raise ValueError(f"ray {direction.tolist()} has no direction")
    if not distance > 0:
        raise ValueError(f"distance {distance} m must be > 0")
    direction = optical_to_base(pan, tilt) @ (direction / length)
    if math.isinf(distance):
        return _angles(direction)
    return look_at(camera_position(pan, tilt, dimensions) + distance * direction, dimensions)


def look_at(point: npt.ArrayLike, dimensions: HeadDimensions = DIMENSIONS) -> tuple[float, float]:
    """Return the head angles (pan, tilt) that put a point of the base frame on the optical axis.

    Args:
        point: m, shape (3,).
        dimensions: of the head.

    Raises:
        ValueError: if the point is nearer to the tilt axis than the optical axis ever comes.
    """
    x, y, z = np.asarray(point, dtype=np.float64)
    across, up = math.hypot(x, y), z - dimensions.tilt_axis_height
    range_ = math.hypot(across, up)
    if range_ <= abs(dimensions.camera_up):
        raise ValueError(f"point ({x:.3f}, {y:.3f}, {z:.3f}) m lies inside the head")
    return math.atan2(y, x), math.atan2(up, across) - math.asin(dimensions.camera_up / range_)


def ray_to_bearing(bearing_pan: float, bearing_tilt: float, pan: float, tilt: float) -> FloatArray:
    """Return the optical-frame unit vector, shape (3,), towards a far target at a given bearing.

    The inverse of ``bearing`` for infinite distance.

    Args:
        bearing_pan: of the target, rad.
        bearing_tilt: of the target, rad.
        pan: of the head, rad.
        tilt: of the head, rad.
    """
    direction = np.array(
        [
            math.cos(bearing_tilt) * math.cos(bearing_pan),
            math.cos(bearing_tilt) * math.sin(bearing_pan),
            math.sin(bearing_tilt),
        ]
    )
    return np.asarray(optical_to_base(pan, tilt).T @ direction)


def ray_to_point(
    point: npt.ArrayLike, pan: float, tilt: float, dimensions: HeadDimensions = DIMENSIONS
) -> FloatArray:
    """Return the optical-frame vector, m, shape (3,), from the lens to a point of the base frame.

    The inverse of ``bearing`` for a finite distance: ``bearing(v, pan, tilt, |v|)`` equals
    ``look_at(point)``.
    """
    offset = np.asarray(point, dtype=np.float64) - camera_position(pan, tilt, dimensions)
    return np.asarray(optical_to_base(pan, tilt).T @ offset)


def _angles(direction: FloatArray) -> tuple[float, float]:
    x, y, z = direction
    return math.atan2(y, x), math.atan2(z, math.hypot(x, y))
