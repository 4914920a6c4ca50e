import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.vision.camera_model import CalibrationError, PinholeCamera, load_calibration

pytestmark = pytest.mark.unit

IDEAL = PinholeCamera.from_field_of_view(640, 480, math.radians(75))
DISTORTED = PinholeCamera(
    640, 480, 410.0, 412.0, 322.0, 237.0, "plumb_bob", (-0.28, 0.09, 0.001, -0.0005, -0.01)
)
FISHEYE = PinholeCamera(
    640, 480, 300.0, 300.0, 320.0, 240.0, "equidistant", (0.02, -0.01, 0.003, -0.0005)
)
RATIONAL = PinholeCamera(
    640,
    480,
    410.0,
    412.0,
    322.0,
    237.0,
    "rational_polynomial",
    (0.1, -0.05, 0.0, 0.0, 0.01, 0.3, -0.02, 0.005),
)


def test_edges_of_the_picture_span_the_field_of_view() -> None:
    left, right = IDEAL.ray(-0.5, 239.5), IDEAL.ray(639.5, 239.5)
    assert math.degrees(math.acos(left @ right)) == pytest.approx(75)
    assert IDEAL.horizontal_fov == pytest.approx(math.radians(75))
    np.testing.assert_allclose(IDEAL.ray(319.5, 239.5), (0, 0, 1), atol=1e-12)


def test_axes_are_those_of_an_optical_frame() -> None:
    right_and_down = IDEAL.ray(400, 300)
    assert right_and_down[0] > 0
    assert right_and_down[1] > 0
    assert right_and_down[2] > 0


@pytest.mark.parametrize("camera", [IDEAL, DISTORTED, FISHEYE, RATIONAL])
@settings(deadline=None)
@given(u=st.floats(20, 620), v=st.floats(20, 460))
def test_ray_and_pixel_are_inverse(camera: PinholeCamera, u: float, v: float) -> None:
    ray = camera.ray(u, v)
    assert np.linalg.norm(ray) == pytest.approx(1.0)
    assert camera.project(3.7 * ray) == pytest.approx((u, v), abs=0.02)


def test_distortion_is_applied_in_the_right_direction() -> None:
    # Negative k1 is a barrel: the corner of the picture sees further out than without.
    plain = PinholeCamera(640, 480, 410.0, 412.0, 322.0, 237.0)
    assert DISTORTED.ray(600, 440)[2] < plain.ray(600, 440)[2]


@pytest.mark.parametrize("direction", [(0, 0, -1), (1, 0, 0)])
def test_what_is_behind_cannot_be_projected(direction: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="behind the camera"):
        IDEAL.project(direction)


def test_matrices_of_camera_info() -> None:
    np.testing.assert_allclose(DISTORTED.k, [[410, 0, 322], [0, 412, 237], [0, 0, 1]])
    np.testing.assert_allclose(DISTORTED.p[:, :3], DISTORTED.k)
    np.testing.assert_allclose(DISTORTED.p[:, 3], 0)
    np.testing.assert_allclose(DISTORTED.r, np.eye(3))
    assert IDEAL.d.tolist() == [0] * 5
    assert FISHEYE.d.tolist() == [0.02, -0.01, 0.003, -0.0005]


def test_scaling_keeps_directions() -> None:
    half = IDEAL.scaled(320, 240)
    # The corner of four pixels of the large picture is the middle of one of the small picture.
    np.testing.assert_allclose(half.ray(100, 50), IDEAL.ray(200.5, 100.5), atol=1e-12)
    assert half.horizontal_fov == pytest.approx(IDEAL.horizontal_fov)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "must be >= 1"),
        ({"fx": 0.0}, "must be > 0"),
        ({"cy": math.nan}, "finite"),
        ({"distortion_model": "magic"}, "unknown distortion model 'magic'"),
        ({"distortion": (0.1, 0.2)}, "takes 5 coefficients, got 2"),
    ],
)
def test_impossible_cameras(change: dict[str, object], message: str) -> None:
    values = {"width": 640, "height": 480, "fx": 400.0, "fy": 400.0, "cx": 320.0, "cy": 240.0}
    with pytest.raises(ValueError, match=message):
        PinholeCamera(**{**values, **change})


@pytest.mark.parametrize("field_of_view", [0.0, math.pi, -1.0, math.nan])
def test_impossible_fields_of_view(field_of_view: float) -> None:
    with pytest.raises(ValueError, match="field of view"):
        PinholeCamera.from_field_of_view(640, 480, field_of_view)


def calibration() -> dict[str, object]:
    """What camera_calibration writes."""
    return {
        "image_width": 640,
        "image_height": 480,
        "camera_name": "narrow_stereo",
        "camera_matrix": {
            "rows": 3,
            "cols": 3,
            "data": [410.0, 0, 322.0, 0, 412.0, 237.0, 0, 0, 1],
        },
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {
            "rows": 1,
            "cols": 5,
            "data": [-0.28, 0.09, 0.001, -0.0005, -0.01],
        },
        "rectification_matrix": {"rows": 3, "cols": 3, "data": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
        "projection_matrix": {"rows": 3, "cols": 4, "data": [0.0] * 12},
    }


def test_calibration_file(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump(calibration()))
    assert load_calibration(path) == DISTORTED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_width": None}, "image_width must be a whole number"),
        ({"image_height": "tall"}, "image_height must be a whole number"),
        ({"camera_matrix": None}, "camera_matrix.data must be a list"),
        ({"camera_matrix": {"data": [1.0, 2.0]}}, "camera_matrix.data has 2 numbers, 9 expected"),
        ({"camera_matrix": {"data": ["a"] * 9}}, "camera_matrix.data must be a list of numbers"),
        ({"distortion_coefficients": {"data": [0.1]}}, "has 1 numbers, 5 or 4 expected"),
        ({"distortion_model": "magic"}, "unknown distortion model"),
        ({"image_width": -3}, "both must be >= 1"),
    ],
)
def test_bad_calibration_names_file_and_field(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump({**calibration(), **change}))
    with pytest.raises(CalibrationError, match=message) as caught:
        load_calibration(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", ["", "just text", "- a\n- b\n", "a: [1, 2\n"])
def test_file_that_is_no_calibration(tmp_path: Path, content: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"camera\.yaml"):
        load_calibration(path)


def test_missing_and_binary_calibration(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="cannot be read: No such file"):
        load_calibration(tmp_path / "absent.yaml")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    with pytest.raises(CalibrationError, match="is no YAML"):
        load_calibration(tmp_path / "binary.yaml")
