import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emotion_core.head.gaze_geometry import (
    DIMENSIONS,
    bearing,
    camera_position,
    look_at,
    ray_to_bearing,
    ray_to_point,
)
from emotion_core.vision.camera_model import PinholeCamera

pytestmark = pytest.mark.unit

pans = st.floats(-1.4, 1.4)
tilts = st.floats(-0.7, 0.8)


def test_straight_ahead_is_where_the_head_points() -> None:
    assert bearing((0, 0, 1), 0.3, -0.2) == pytest.approx((0.3, -0.2))


def test_right_in_the_picture_is_negative_pan_and_up_is_positive_tilt() -> None:
    pan, tilt = bearing((0.1, 0.0, 1.0), 0.0, 0.0)
    assert pan == pytest.approx(-math.atan(0.1))
    assert tilt == pytest.approx(0.0)
    pan, tilt = bearing((0.0, -0.1, 1.0), 0.0, 0.0)
    assert pan == pytest.approx(0.0)
    assert tilt == pytest.approx(math.atan(0.1))


@settings(deadline=None)
@given(pans, tilts, pans, tilts)
def test_inverse(target_pan: float, target_tilt: float, pan: float, tilt: float) -> None:
    ray = ray_to_bearing(target_pan, target_tilt, pan, tilt)
    assert np.linalg.norm(ray) == pytest.approx(1.0)
    assert bearing(ray, pan, tilt) == pytest.approx((target_pan, target_tilt), abs=1e-9)


@settings(deadline=None)
@given(pans, tilts, pans, tilts, st.floats(0.3, 5.0))
def test_with_distance_the_target_ends_in_the_middle_of_the_picture(
    target_pan: float, target_tilt: float, pan: float, tilt: float, distance: float
) -> None:
    """Wherever the head is when the picture is taken, one look suffices to centre the target."""
    direction = np.array(
        [
            math.cos(target_tilt) * math.cos(target_pan),
            math.cos(target_tilt) * math.sin(target_pan),
            math.sin(target_tilt),
        ]
    )
    point = distance * direction + (0, 0, DIMENSIONS.tilt_axis_height)
    offset = ray_to_point(point, pan, tilt)
    found = bearing(offset, pan, tilt, distance=float(np.linalg.norm(offset)))
    assert found == pytest.approx(look_at(point), abs=1e-9)
    centred = ray_to_point(point, *found)
    assert centred[:2] / np.linalg.norm(centred) == pytest.approx((0, 0), abs=1e-9)
    assert centred[2] > 0


@settings(deadline=None)
@given(pans, tilts, pans, tilts)
def test_great_distance_equals_no_distance(
    target_pan: float, target_tilt: float, pan: float, tilt: float
) -> None:
    ray = ray_to_bearing(target_pan, target_tilt, pan, tilt)
    assert bearing(ray, pan, tilt, distance=1e5) == pytest.approx(bearing(ray, pan, tilt), abs=1e-5)


def test_leaving_the_distance_out_is_wrong_by_what_the_documentation_says() -> None:
    point = np.array([math.cos(math.pi / 6), math.sin(math.pi / 6), 0.0])
    point += (0, 0, DIMENSIONS.tilt_axis_height + DIMENSIONS.camera_up)
    exact = look_at(point)
    rough = bearing(ray_to_point(point, 0.0, 0.0), 0.0, 0.0)
    assert math.degrees(abs(rough[0] - exact[0])) == pytest.approx(0.9, abs=0.1)


def test_camera_moves_with_the_head() -> None:
    np.testing.assert_allclose(camera_position(0, 0), (0.030, 0, 0.130))
    np.testing.assert_allclose(camera_position(math.pi / 2, 0), (0, 0.030, 0.130), atol=1e-12)


@pytest.mark.parametrize("ray", [(0, 0, 0), (math.nan, 0, 1), (math.inf, 0, 1)])
def test_ray_without_direction(ray: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        bearing(ray, 0.0, 0.0)


def test_impossible_distances() -> None:
    with pytest.raises(ValueError, match="distance"):
        bearing((0, 0, 1), 0.0, 0.0, distance=0.0)
    with pytest.raises(ValueError, match="inside the head"):
        look_at((0.0, 0.0, DIMENSIONS.tilt_axis_height + 0.01))


@settings(deadline=None)
@given(st.floats(0, 639), st.floats(0, 479), pans, tilts)
def test_pixel_to_bearing_and_back(u: float, v: float, pan: float, tilt: float) -> None:
    camera = PinholeCamera.from_field_of_view(640, 480, math.radians(75))
    target = bearing(camera.ray(u, v), pan, tilt)
    # Straight above the head, pan has no meaning.
    assume(abs(target[1]) < 1.5)
    assert camera.project(ray_to_bearing(*target, pan, tilt)) == pytest.approx((u, v), abs=1e-5)
