"""The built-in scene: what a camera on the head sees of a room with one or two people in it.

The camera turns about the origin of the base frame, so every flat thing appears in the picture by a
homography and the picture depends on the head's angles alone. That closes the loop from camera to
servo without hardware, with a ground truth for every face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.head.gaze_geometry import optical_to_base
from emotion_core.vision.camera_model import PinholeCamera
from emotion_core.vision.geometry import Box
from emotion_core.vision.scene_paths import Path, WalkPath
from emotion_core.vision.scene_textures import MARGIN, Portrait, Surface, astronaut, room

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the scene, always turned to the robot.

    Attributes:
        path: bearing of the middle of the face over time.
        distance: from the camera to the face, m.
        mirrored: whether the picture of the person is flipped, to tell two people apart.
    """

    path: Path
    distance: float = 0.8
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class SceneParameters:
    """What the scene shows and how its camera sees it.

    Attributes:
        people: who is there; the nearest is drawn last.
        width: of the picture, pixels.
        height: of the picture, pixels.
        horizontal_fov: horizontal field of view, rad.
    """

    people: tuple[Person, ...] = (Person(WalkPath()),)
    width: int = 640
    height: int = 480
    horizontal_fov: float = math.radians(75)


class Scene:
    """Renders the scene and knows where the faces are.

    Args:
        parameters: of the scene and its camera.

    Raises:
        ValueError: if the camera's parameters are out of range.
    """

    def __init__(self, parameters: SceneParameters | None = None) -> None:
        self.parameters = parameters or SceneParameters()
        p = self.parameters
        self.camera = PinholeCamera.from_field_of_view(p.width, p.height, p.horizontal_fov)
        self._surfaces = room()
        self._portraits = [
            astronaut(self.camera.fx / person.distance, person.mirrored) for person in p.people
        ]
        distances = [person.distance for person in p.people]
        self._farthest_first = sorted(range(len(distances)), key=lambda i: -distances[i])
        # Inward normals of the viewing pyramid's sides in the optical frame.
        c, right, bottom = self.camera, p.width - 0.5, p.height - 0.5
        self._frustum = np.array(
            [
                [c.fx, 0, c.cx + 0.5],
                [-c.fx, 0, right - c.cx],
                [0, c.fy, c.cy + 0.5],
                [0, -c.fy, bottom - c.cy],
            ]
        )

    def render(self, time: float, pan: float, tilt: float) -> Image:
        """Return what the camera sees, shape (height, width, 3), uint8, BGR.

        Args:
            time: of the scene, s, >= 0.
            pan: of the head, rad.
            tilt: of the head, rad.
        """
        # OpenCV warps four channels twice as fast as three.
        image = np.empty((self.parameters.height, self.parameters.width, 4), np.uint8)
        base_to_optical = optical_to_base(pan, tilt).T
        outlines = []
        for surface in self._surfaces:
            outline = self._visible_outline(surface, base_to_optical)
            if outline is not None:
                outlines.append((cv2.contourArea(outline.astype(np.float32)), outline, surface))
        # The room is closed: what the largest side spills over is covered by the others.
        outlines.sort(key=lambda entry: -entry[0])
        for index, (_, outline, surface) in enumerate(outlines):
            self._draw_surface(image, surface, outline, base_to_optical, masked=index > 0)
        for index in self._farthest_first:
            self._draw_person(image, index, time, base_to_optical)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), dtype=np.uint8)

    def face_bearings(self, time: float) -> list[tuple[float, float]]:
        """Return (azimuth, elevation) in rad of the middle of every face, seen or not."""
        return [person.path.at(time) for person in self.parameters.people]

    def face_box(self, time: float, pan: float, tilt: float, index: int = 0) -> Box | None:
        """Return the box of a face in the picture, or None when its middle is out of view.

        Args:
            time: of the scene, s.
            pan: of the head, rad.
            tilt: of the head, rad.
            index: of the person.
        """
        homography = self._person_homography(index, time, optical_to_base(pan, tilt).T)
        face = self._portraits[index].face
        left, top = face.x, face.y
        right, bottom = left + face.width, top + face.height
        middle = face.center
        points = [(left, top), (right, top), (left, bottom), (right, bottom), middle]
        # A box counts from the edge of the first pixel, the homography from its centre.
        u, v, w = homography @ np.column_stack([np.array(points) - 0.5, np.ones(5)]).T
        if np.any(w <= 0):
            return None
        u, v = u / w + 0.5, v / w + 0.5
        if not (0 <= u[4] < self.parameters.width and 0 <= v[4] < self.parameters.height):
            return None
        return Box(
            float(u.min()), float(v.min()), float(u.max() - u.min()), float(v.max() - v.min())
        )

    def _visible_outline(self, surface: Surface, base_to_optical: FloatArray) -> FloatArray | None:
        """Return the convex outline of a surface in the picture, shape (n, 2), or None."""
        rows, columns = (length - 2 * MARGIN for length in surface.texture.shape[:2])
        across, along = columns * surface.right, rows * surface.down
        corner = surface.corner
        polygon = np.array([corner, corner + across, corner + across + along, corner + along])
        polygon = polygon @ base_to_optical.T
        for normal in self._frustum:
            polygon = _clip(polygon, normal)
            if len(polygon) < 3:
                return None
        projected = polygon @ self.camera.k.T
        return np.asarray(projected[:, :2] / projected[:, 2:])

    def _draw_surface(
        self,
        image: Image,
        surface: Surface,
        outline: FloatArray,
        base_to_optical: FloatArray,
        masked: bool,
    ) -> None:
        first_pixel = surface.corner + (0.5 - MARGIN) * (surface.right + surface.down)
        plane = np.column_stack([surface.right, surface.down, first_pixel])
        region = _region(outline, image)
        if region is None:
            return
        x, y, view = region
        homography = _shift(-x, -y) @ self.camera.k @ base_to_optical @ plane
        warped = _warp(surface.texture, homography, view.shape)
        if masked:
            mask = np.zeros(view.shape[:2], np.uint8)
            # Fixed point with 4 binary places; a rim of one pixel closes gaps between the sides.
            corners = np.round((outline - (x, y)) * 16).astype(np.int32)
            cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_8, 4)
            cv2.polylines(mask, [corners], True, 255, 1, cv2.LINE_8, 4)
            cv2.copyTo(warped, mask, view)
        else:
            view[:] = warped

    def _draw_person(
        self, image: Image, index: int, time: float, base_to_optical: FloatArray
    ) -> None:
        portrait = self._portraits[index]
        rows, columns = portrait.picture.shape[:2]
        homography = self._person_homography(index, time, base_to_optical)
        corners = homography @ np.array([[0, columns, columns, 0], [0, 0, rows, rows], [1] * 4])
        # Straight behind or grazing: nothing of a person that always faces the robot is visible.
        if np.any(corners[2] <= 0.05 * self.parameters.people[index].distance):
            return
        region = _region((corners[:2] / corners[2]).T, image)
        if region is None:
            return
        x, y, view = region
        homography = _shift(-x, -y) @ homography
        person = _warp(portrait.picture, homography, view.shape)
        transparency = 255 - person[:, :, 3]
        cv2.multiply(view, cv2.merge([transparency] * 4), dst=view, scale=1 / 255)
        cv2.add(view, person, dst=view)

    def _person_homography(
        self, index: int, time: float, base_to_optical: FloatArray
    ) -> FloatArray:
        """Return the homography from portrait pixels to picture pixels, depth as the last row."""
        person = self.parameters.people[index]
        portrait: Portrait = self._portraits[index]
        azimuth, elevation = person.path.at(time)
        # Columns of an optical frame turned to the face: right, down, forward.
        right, down, forward = optical_to_base(azimuth, elevation).T
        step = 1 / portrait.resolution
        u, v = portrait.face.center
        corner = person.distance * forward - (u - 0.5) * step * right - (v - 0.5) * step * down
        plane = np.column_stack([right * step, down * step, corner])
        return np.asarray(self.camera.k @ base_to_optical @ plane)


def _clip(polygon: FloatArray, normal: FloatArray) -> FloatArray:
    """Return the part of a polygon, shape (n, 3), on the side a plane's normal points to."""
    if len(polygon) == 0:
        return polygon
    inside = polygon @ normal
    kept = []
    for index in range(len(polygon)):
        here, there = inside[index - 1], inside[index]
        if (here < 0) != (there < 0):
            fraction = here / (here - there)
            kept.append(polygon[index - 1] + fraction * (polygon[index] - polygon[index - 1]))
        if there >= 0:
            kept.append(polygon[index])
    return np.array(kept).reshape(-1, 3)


def _region(outline: FloatArray, image: Image) -> tuple[int, int, Image] | None:
    """Return (x, y, view) of the part of an image that surrounds an outline, or None."""
    low = np.floor(outline.min(axis=0)).astype(int) - 1
    high = np.ceil(outline.max(axis=0)).astype(int) + 2
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), image.shape[1]), min(int(high[1]), image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    return x0, y0, image[y0:y1, x0:x1]


def _shift(x: float, y: float) -> FloatArray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _warp(texture: Image, homography: FloatArray, shape: tuple[int, ...]) -> Image:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    warped = cv2.warpPerspective(texture, np.linalg.inv(homography), size, flags=flags)
    return np.asarray(warped, dtype=np.uint8)
