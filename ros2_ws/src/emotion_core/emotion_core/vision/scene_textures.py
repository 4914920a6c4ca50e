"""What the built-in scene is made of: a room drawn by code, and a person cut out of a photograph.

Colours are BGR. Sizes are in metres; one metre of wall has ``WALL_RESOLUTION`` pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from emotion_core.vision.geometry import Box

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]
Color = tuple[int, int, int]

# As fine as a 640 pixel wide picture of 75° sees a wall two and a half metres away.
WALL_RESOLUTION = 180
MARGIN = 4

_FRONT, _SIDE, _FLOOR, _CEILING = 2.4, 2.2, -1.0, 1.5

# Outline of the person in the 512 x 512 photograph, without flag, shuttle and backdrop.
_OUTLINE = (
    *((222, 14), (188, 22), (166, 38), (155, 58), (152, 90), (161, 114), (173, 126), (184, 150)),
    *((158, 154), (133, 166), (115, 184), (113, 206), (96, 216), (62, 250), (44, 282), (30, 330)),
    *((20, 400), (26, 484), (34, 511), (492, 511), (511, 500), (509, 470), (496, 456), (490, 420)),
    *((471, 384), (440, 358), (400, 345), (364, 353), (360, 312), (350, 284), (336, 258)),
    *((306, 238), (305, 215), (292, 192), (266, 176), (272, 138), (282, 126), (298, 106)),
    *((301, 78), (294, 48), (262, 20)),
)
# The face in the photograph as a detector frames it, and how wide such a box is on a real head.
_FACE = Box(181.0, 62.0, 87.0, 110.0)
_FACE_WIDTH = 0.145


@dataclass(frozen=True, slots=True)
class Surface:
    """A textured rectangle in space.

    Attributes:
        texture: shape (rows, columns, 4), uint8, BGRA, opaque. On every side it is ``MARGIN``
            pixels wider than the rectangle, so that interpolation at the rim finds a colour.
        corner: of the rectangle's upper left, m, base frame, shape (3,).
        right: step of one texture column, m, shape (3,).
        down: step of one texture row, m, shape (3,).
    """

    texture: Image
    corner: FloatArray
    right: FloatArray
    down: FloatArray


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person cut out of a photograph.

    Attributes:
        picture: shape (rows, columns, 4), uint8, BGR multiplied by the opacity, then the opacity.
        face: box of the face, pixels of this picture.
        resolution: pixels per metre.
    """

    picture: Image
    face: Box
    resolution: float


def astronaut(resolution: float, mirrored: bool = False) -> Portrait:
    """Return Eileen Collins from NASA's public-domain portrait that scikit-image ships, life-size.

    Args:
        resolution: wanted pixels per metre; the portrait is never enlarged.
        mirrored: swap left and right.
    """
    # Imported here because it takes a second and only the scene needs it.
    from skimage import data

    # scikit-image carries no types.
    astronaut_rgb: Image = data.astronaut()  # type: ignore[no-untyped-call]
    photograph = cv2.cvtColor(astronaut_rgb, cv2.COLOR_RGB2BGR)
    opacity = np.zeros(photograph.shape[:2], np.uint8)
    cv2.fillPoly(opacity, [np.array(_OUTLINE, np.int32)], 255, cv2.LINE_AA)
    opacity = cv2.GaussianBlur(cv2.erode(opacity, np.ones((3, 3), np.uint8)), (0, 0), 1.5)
    native = _FACE.width / _FACE_WIDTH
    scale = min(resolution / native, 1.0)
    picture = np.dstack([photograph * (opacity[..., np.newaxis] / 255), opacity]).astype(np.uint8)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    sx, sy = size[0] / photograph.shape[1], size[1] / photograph.shape[0]
    face = Box(_FACE.x * sx, _FACE.y * sy, _FACE.width * sx, _FACE.height * sy)
    if mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
        face = Box(size[0] - face.x - face.width, face.y, face.width, face.height)
    return Portrait(picture, face, native * sx)


def room() -> tuple[Surface, ...]:
    """Return the six inner sides of a room around the robot: they cover every direction."""
    random = np.random.default_rng(7)
    forward, left, up = np.eye(3)

    def surface(
        corner: tuple[float, float, float],
        right: FloatArray,
        down: FloatArray,
        size: tuple[float, float],
        draw: Callable[[Image, np.random.Generator], None],
        base: Color,
    ) -> Surface:
        texture = _paint(random, size, base)
        draw(texture, random)
        padded = cv2.copyMakeBorder(texture, *(MARGIN,) * 4, cv2.BORDER_REPLICATE)
        opaque = np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGR2BGRA), dtype=np.uint8)
        step = 1 / WALL_RESOLUTION
        return Surface(opaque, np.array(corner), right * step, down * step)

    width, depth, height = 2 * _SIDE, 2 * _FRONT, _CEILING - _FLOOR
    top_left = (-_FRONT, _SIDE, _CEILING)
    wall, ceiling = (196, 214, 222), (228, 234, 236)
    return (
        surface((_FRONT, _SIDE, _CEILING), -left, -up, (width, height), _draw_front, wall),
        surface(top_left, forward, -up, (depth, height), _draw_left, wall),
        surface((_FRONT, -_SIDE, _CEILING), -forward, -up, (depth, height), _draw_right, wall),
        surface((-_FRONT, -_SIDE, _CEILING), left, -up, (width, height), _draw_bricks, wall),
        surface((_FRONT, _SIDE, _FLOOR), -left, -forward, (width, depth), _draw_planks, wall),
        surface(top_left, -left, forward, (width, depth), _draw_panels, ceiling),
    )


def _paint(random: np.random.Generator, size: tuple[float, float], base: Color) -> Image:
    """Return a painted surface with blotches and grain, so that nothing is without texture."""
    columns, rows = (round(length * WALL_RESOLUTION) for length in size)
    blotches = cv2.resize(
        random.normal(0, 5, (rows // 40 + 2, columns // 40 + 2)),
        (columns, rows),
        interpolation=cv2.INTER_CUBIC,
    )
    grain = random.normal(0, 3, (rows, columns))
    paint = np.array(base) + (blotches + grain)[..., np.newaxis]
    return paint.clip(0, 255).astype(np.uint8)


def _rectangle(image: Image, x: float, y: float, w: float, h: float, color: Color) -> Image:
    """Fill a rectangle given in metres, as far as it lies inside; return the view on it."""
    x0, y0, x1, y1 = (round(value * WALL_RESOLUTION) for value in (x, y, x + w, y + h))
    view = image[y0:y1, x0:x1]
    if view.size == 0:
        return view
    # Tinting instead of filling keeps the grain.
    grain = view.astype(np.int16) - cv2.blur(view, (9, 9)).astype(np.int16)
    view[:] = (np.array(color, np.int16) + grain).clip(0, 255).astype(np.uint8)
    return view


def _frame(image: Image, x: float, y: float, w: float, h: float, color: Color) -> Image:
    """Draw a frame and return the view on what it holds."""
    _rectangle(image, x + 0.02, y + 0.03, w, h, (150, 165, 172))  # its shadow on the wall
    _rectangle(image, x, y, w, h, color)
    return _rectangle(image, x + 0.04, y + 0.04, w - 0.08, h - 0.08, (235, 240, 240))


def _draw_window(image: Image, x: float, y: float, w: float, h: float) -> None:
    view = _frame(image, x, y, w, h, (245, 245, 245))
    rows, columns = view.shape[:2]
    fade = np.linspace(0, 1, rows)[:, np.newaxis, np.newaxis]
    view[:] = ((1 - fade) * np.array((225, 175, 120)) + fade * np.array((245, 225, 205))).astype(
        np.uint8
    )
    across = np.arange(columns)
    for level, swing, color in ((0.62, 0.05, (150, 165, 130)), (0.75, 0.08, (95, 140, 85))):
        hills = (level + swing * np.sin(across / columns * 9 + level * 20)) * rows
        for column, top in enumerate(hills.astype(int)):
            view[top:, column] = color
    for center, radius in (((0.25, 0.22), 0.07), ((0.33, 0.2), 0.09), ((0.42, 0.23), 0.06)):
        position = (round(center[0] * columns), round(center[1] * rows))
        cv2.circle(view, position, round(radius * columns), (250, 248, 245), -1, cv2.LINE_AA)
    _rectangle(image, x + w / 2 - 0.02, y, 0.04, h, (245, 245, 245))
    _rectangle(image, x, y + h / 2 - 0.02, w, 0.04, (245, 245, 245))


def _draw_shelf(
    image: Image, random: np.random.Generator, x: float, y: float, w: float, h: float, boards: int
) -> None:
    wood: Color = (70, 105, 145)
    _rectangle(image, x, y, w, h, wood)
    pitch = h / boards
    for board in range(boards):
        top, room_above = y + board * pitch + 0.03, pitch - 0.06
        _rectangle(image, x + 0.03, top, w - 0.06, room_above, (45, 62, 84))
        position = x + 0.05
        while position < x + w - 0.12:
            thick, tall = random.uniform(0.025, 0.06), room_above * random.uniform(0.65, 0.95)
            hue = np.array(
                [[[random.integers(180), random.integers(90, 200), random.integers(90, 210)]]]
            )
            b, g, r = cv2.cvtColor(hue.astype(np.uint8), cv2.COLOR_HSV2BGR)[0, 0].tolist()
            bottom = top + room_above
            _rectangle(image, position, bottom - tall, thick, tall, (b, g, r))
            _rectangle(image, position, bottom - tall * 0.85, thick, tall * 0.06, (200, 220, 225))
            position += thick + (0.004 if random.uniform() < 0.85 else 0.09)


def _draw_front(image: Image, random: np.random.Generator) -> None:
    _draw_window(image, 0.35, 0.5, 1.1, 1.0)
    picture = _frame(image, 1.85, 0.55, 0.75, 0.55, (55, 75, 95))
    for _ in range(14):
        corners = (random.uniform(0, 1, (3, 2)) * picture.shape[1::-1]).astype(np.int32)
        color = tuple(int(value) for value in random.integers(60, 230, 3))
        cv2.fillPoly(picture, [corners], color, cv2.LINE_AA)
    _draw_shelf(image, random, 3.05, 0.45, 1.1, 2.05, 5)
    _rectangle(image, 0, 2.4, 3.05, 0.1, (240, 242, 242))


def _draw_left(image: Image, random: np.random.Generator) -> None:
    _rectangle(image, 0.7, 0.4, 1.0, 2.1, (110, 140, 160))
    for row in range(2):
        for column in range(2):
            _rectangle(image, 0.8 + column * 0.43, 0.52 + row, 0.37, 0.85, (95, 122, 142))
    _rectangle(image, 1.58, 1.45, 0.08, 0.03, (190, 200, 205))
    for index, color in enumerate(((120, 90, 60), (80, 120, 180), (90, 140, 100))):
        poster = _frame(
            image, 2.4 + 0.75 * index, 0.6 + 0.1 * (index % 2), 0.55, 0.75, (60, 60, 60)
        )
        for line in range(4, poster.shape[0], 12):
            end = random.integers(20, poster.shape[1])
            cv2.line(poster, (6, line), (int(end), line), color, 5)
    _rectangle(image, 1.7, 2.4, 3.1, 0.1, (240, 242, 242))


def _draw_right(image: Image, random: np.random.Generator) -> None:
    _draw_shelf(image, random, 0.4, 1.3, 1.8, 1.2, 3)
    for index in range(9):
        x = 0.5 + index * 0.17
        pot = 0.1 + 0.04 * (index % 3)
        _rectangle(image, x, 1.3 - pot, 0.1, pot, (60 + 12 * index, 90, 170 - 9 * index))
    _draw_window(image, 2.7, 0.4, 1.5, 1.2)
    _rectangle(image, 2.2, 2.4, 2.6, 0.1, (240, 242, 242))


def _draw_bricks(image: Image, random: np.random.Generator) -> None:
    tall, long = 0.08, 0.24
    for row in range(int(2.5 / tall)):
        for column in range(-1, int(4.4 / long) + 1):
            x = max(column * long + (row % 2) * long / 2, 0.0)
            shade = int(random.integers(-18, 18))
            color = (120 + shade, 140 + shade, 190 + shade)
            _rectangle(image, x, row * tall, long - 0.012, tall - 0.012, color)


def _draw_planks(image: Image, random: np.random.Generator) -> None:
    wide = 0.16
    for column in range(int(4.4 / wide) + 1):
        y = -float(random.uniform(0, 1.2))
        while y < 4.8:
            long = float(random.uniform(0.8, 1.6))
            shade = int(random.integers(-15, 15))
            top = max(y, 0.0)
            color = (88 + shade, 128 + shade, 170 + shade)
            _rectangle(image, column * wide, top, wide - 0.008, y + long - 0.008 - top, color)
            y += long


def _draw_panels(image: Image, random: np.random.Generator) -> None:
    for row in range(8):
        for column in range(8):
            shade = int(random.integers(-6, 6))
            color = (222 + shade, 228 + shade, 230 + shade)
            _rectangle(image, column * 0.6, row * 0.6, 0.585, 0.585, color)
