import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

FOLLOWING_LOADS_NOTHING = """
import sys

import numpy as np
from emotion_core.vision.geometry import Box
from emotion_core.vision.motion import flow_picture, follow, motion_between, seed_points
from emotion_core.vision.warm_up import warm_up

noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
warm_up()
known = set(sys.modules)
box = Box(40.0, 30.0, 60.0, 60.0)
before, after, points = flow_picture(noise), flow_picture(np.roll(noise, 2, 1)), seed_points(box)
assert motion_between(points, follow(before, after, points, points)[0], box) is not None
print(sorted(set(sys.modules) - known))
"""


def test_after_it_following_a_face_loads_nothing_more():
    command = [sys.executable, "-c", FOLLOWING_LOADS_NOTHING]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
