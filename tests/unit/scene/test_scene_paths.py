import math

import numpy as np
import pytest

from emotion_core.vision.scene import SceneParameters
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.scene_paths import LeavePath, Path, SinePath, StepPath, StillPath, WalkPath

pytestmark = pytest.mark.unit

TIMES = np.arange(0, 120, 0.01)


def azimuths(path: Path) -> np.ndarray:
    return np.degrees([path.at(time)[0] for time in TIMES])


def test_still() -> None:
    path = StillPath(0.1, -0.2)
    assert path.at(0.0) == path.at(50.0) == (0.1, -0.2)


def test_step_jumps_once() -> None:
    angles = azimuths(StepPath(math.radians(30), 3.0))
    assert set(angles[TIMES < 3.0]) == {0.0}
    np.testing.assert_allclose(angles[TIMES >= 3.0], 30.0)


def test_step_with_period_goes_to_and_fro() -> None:
    path = StepPath(math.radians(30), 3.0, period=4.0)
    assert [round(math.degrees(path.at(time)[0])) for time in (2, 4, 8, 12)] == [0, 30, 0, 30]


def test_sine() -> None:
    angles = azimuths(SinePath(math.radians(20), 0.2, math.radians(5)))
    np.testing.assert_allclose(angles, 5 + 20 * np.sin(2 * math.pi * 0.2 * TIMES), atol=1e-9)


def test_walk_is_smooth_bounded_and_stops() -> None:
    path = WalkPath(seed=4)
    bearings = np.degrees([path.at(time) for time in TIMES])
    speed = np.hypot(*np.diff(bearings, axis=0).T) / 0.01
    assert np.abs(bearings[:, 0]).max() <= 40
    assert np.abs(bearings[:, 1]).max() <= 8
    assert 15 < speed.max() <= 45.1
    assert 0.2 < np.mean(speed < 0.5) < 0.8
    assert np.abs(np.diff(speed)).max() < 5, "moves begin and end gently"


def test_walk_repeats_itself_and_differs_by_seed() -> None:
    assert WalkPath(1).at(17.3) == WalkPath(1).at(17.3) != WalkPath(2).at(17.3)
    short = WalkPath(1, places=5)
    assert short.at(short.duration + 1.0) == pytest.approx(short.at(1.0))


def test_leave_is_out_of_sight_and_comes_back() -> None:
    path = LeavePath()
    angles = azimuths(path)
    assert angles[0] == 0
    # Behind what the camera sees with the head turned fully to that side.
    assert angles.max() > 80 + 75 / 2 + 30
    later = path.at(path.stay + 2 * path.walk + path.away)[0]
    assert later == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("mode", ["still", "step", "sine", "walk", "leave", "two"])
def test_every_mode_has_defaults(mode: str) -> None:
    parameters = parse_mode(mode, width=320, height=240)
    assert (parameters.width, parameters.height) == (320, 240)
    assert len(parameters.people) == (2 if mode == "two" else 1)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("still:10,elevation=-5", StillPath(math.radians(10), math.radians(-5))),
        ("step:45", StepPath(math.radians(45), 3.0)),
        ("step:-20,time=8,period=4", StepPath(math.radians(-20), 8.0, 4.0)),
        ("step,time=5", StepPath(math.radians(30), 5.0)),
        ("sine:15,frequency=0.1", SinePath(math.radians(15), 0.1)),
        ("walk:3", WalkPath(3)),
    ],
)
def test_settings_of_modes(text: str, path: Path) -> None:
    assert parse_mode(text).people[0].path == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run", "unknown scene 'run'; known: still, step"),
        ("", "unknown scene ''"),
        ("step:far", "angle must be a number, got 'far'"),
        ("step:30,speed=3", "unknown setting 'speed'; known: angle, time, period"),
        ("leave:3", "unknown setting ''; known: none"),
        ("sine:nan", "out of range"),
        ("sine,frequency=", "frequency must be a number"),
        ("walk:1e9", "out of range"),
    ],
)
def test_modes_that_cannot_be_understood(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_mode(text)


def test_people_default_to_one_walker() -> None:
    assert SceneParameters().people[0].path == WalkPath()
