"""The built-in scene's modes by name."""

from __future__ import annotations

import math
from collections.abc import Callable

from emotion_core.vision.scene import Person, SceneParameters
from emotion_core.vision.scene_paths import (
    LeavePath,
    Path,
    SinePath,
    StepPath,
    StillPath,
    WalkPath,
)


def parse_mode(text: str, *, width: int = 640, height: int = 480) -> SceneParameters:
    """Return the scene a text names: ``MODE[:VALUE][,key=value ...]``; angles in degrees.

    ===================  ==========================================================
    ``still[:AZIMUTH]``   a face that stays; ``elevation``
    ``step[:ANGLE]``      jumps by 30° after 3 s; ``time``, ``period`` (to and fro)
    ``sine[:AMPLITUDE]``  swings by 20° at 0.2 Hz; ``frequency``
    ``walk[:SEED]``       goes from place to place with stops
    ``leave``             goes out of sight and comes back
    ``two``               two people at different distances
    ===================  ==========================================================

    Raises:
        ValueError: if the mode, a key or a number is not known or not finite.
    """
    head, *options = text.split(",")
    mode, _, value = head.partition(":")
    if mode not in _MODES:
        raise ValueError(f"unknown scene {mode!r}; known: {', '.join(_MODES)}")
    main_key, build, keys = _MODES[mode]
    settings: dict[str, float] = {}
    if value:
        options.insert(0, f"{main_key}={value}")
    for option in options:
        key, _, number = option.partition("=")
        if key not in keys:
            known = ", ".join(keys) or "none"
            raise ValueError(f"scene {mode}: unknown setting {key!r}; known: {known}")
        try:
            settings[key] = float(number)
        except ValueError:
            raise ValueError(f"scene {mode}: {key} must be a number, got {number!r}") from None
        if not math.isfinite(settings[key]) or abs(settings[key]) > 1e6:
            raise ValueError(f"scene {mode}: {key}={number} is out of range")
    return SceneParameters(people=build(settings), width=width, height=height)


def _people(path: Path) -> tuple[Person, ...]:
    return (Person(path),)


def _still(settings: dict[str, float]) -> tuple[Person, ...]:
    azimuth, elevation = settings.get("azimuth", 0.0), settings.get("elevation", 0.0)
    return _people(StillPath(math.radians(azimuth), math.radians(elevation)))


def _step(settings: dict[str, float]) -> tuple[Person, ...]:
    angle = math.radians(settings.get("angle", 30.0))
    return _people(StepPath(angle, settings.get("time", 3.0), settings.get("period", 0.0)))


def _sine(settings: dict[str, float]) -> tuple[Person, ...]:
    amplitude = math.radians(settings.get("amplitude", 20.0))
    return _people(SinePath(amplitude, settings.get("frequency", 0.2)))


def _walk(settings: dict[str, float]) -> tuple[Person, ...]:
    return _people(WalkPath(seed=abs(int(settings.get("seed", 0)))))


def _leave(_settings: dict[str, float]) -> tuple[Person, ...]:
    return _people(LeavePath())


def _two(_settings: dict[str, float]) -> tuple[Person, ...]:
    near = Person(StillPath(math.radians(16)))
    far_path = SinePath(math.radians(4), 0.1, azimuth=math.radians(-16))
    return near, Person(far_path, distance=1.1, mirrored=True)


_Build = Callable[[dict[str, float]], tuple[Person, ...]]
# Mode -> (setting that VALUE means, builder, all settings).
_MODES: dict[str, tuple[str, _Build, tuple[str, ...]]] = {
    "still": ("azimuth", _still, ("azimuth", "elevation")),
    "step": ("angle", _step, ("angle", "time", "period")),
    "sine": ("amplitude", _sine, ("amplitude", "frequency")),
    "walk": ("seed", _walk, ("seed",)),
    "leave": ("", _leave, ()),
    "two": ("", _two, ()),
}
