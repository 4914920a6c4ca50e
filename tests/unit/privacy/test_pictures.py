import cv2
import numpy as np
import pytest
from emotion_bot_msgs.msg import Face, Faces
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from emotion_bot.dashboard.pictures import PictureMaker, stamp_of_serialized
from emotion_bot.images import image_message
from emotion_bot.stamps import stamp_from_nanoseconds

pytestmark = pytest.mark.unit


def frame(stamp, width=640, height=480, encoding="bgr8", value=0):
    image = np.full((height, width, 3), value, dtype=np.uint8)
    message = image_message(image, Header(stamp=stamp_from_nanoseconds(stamp)))
    message.encoding = encoding
    return serialize_message(message)


def answer(stamp, *ids):
    message = Faces(faces=[Face(id=name) for name in ids])
    message.header.stamp = stamp_from_nanoseconds(stamp)
    return message


@pytest.fixture
def maker(clock):
    return PictureMaker(320, 80, clock)


@pytest.mark.parametrize("stamp", [0, 1, 1_700_000_000_123_456_789, 2**31 * 10**9 - 1])
def test_the_stamp_is_read_without_the_picture(stamp):
    assert stamp_of_serialized(frame(stamp, 8, 8)) == stamp


def test_boxes_belong_to_the_frame_that_is_shown(maker):
    maker.add_frame(frame(1, value=10))
    maker.add_frame(frame(2, value=20))
    maker.add_frame(frame(3, value=30))
    maker.add_faces(answer(1, "old"))
    maker.add_faces(answer(2, "right"))
    picture = maker.make()
    assert picture.stamp == 2
    assert [face.id for face in picture.faces.faces] == ["right"]
    shown = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (240, 320, 3)
    assert abs(int(shown[100, 100, 0]) - 20) <= 2
    assert (picture.width, picture.height) == (640, 480)


def test_frames_that_were_passed_over_are_shown_with_the_faces_of_a_neighbour(maker):
    second = 10**9
    maker.add_faces(answer(second, "old"))
    maker.add_frame(frame(second + 500_000_000))
    maker.add_faces(answer(second + 460_000_000, "near"))
    maker.add_faces(answer(second + 600_000_000, "later"))
    picture = maker.make()
    assert picture.stamp == second + 500_000_000
    assert [face.id for face in picture.faces.faces] == ["near"]
    maker.add_frame(frame(second + 1_000_000_000))
    maker.add_faces(answer(second + 2_000_000_000, "far"))
    assert maker.make().faces is None


def test_a_frame_is_shown_once(maker):
    maker.add_frame(frame(1))
    maker.add_faces(answer(1))
    assert maker.make() is not None
    assert maker.make() is None


def test_without_answers_frames_are_shown_without_boxes(maker, clock):
    maker.add_faces(answer(1))
    maker.add_frame(frame(2))
    assert maker.make() is None
    clock.advance(0.6)
    picture = maker.make()
    assert picture.stamp == 2
    assert picture.faces is None


def test_small_frames_stay_as_they_are(maker):
    maker.add_frame(frame(1, 200, 100))
    maker.add_faces(answer(1))
    shown = cv2.imdecode(np.frombuffer(maker.make().jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[:2] == (100, 200)


def test_a_frame_that_cannot_be_read_is_reported_and_the_next_one_is_shown(maker):
    maker.add_frame(frame(1, encoding="bayer_rggb8"))
    maker.add_faces(answer(1))
    assert maker.make() is None
    assert "bayer_rggb8" in maker.rejection
    maker.add_frame(frame(2))
    maker.add_faces(answer(2))
    assert maker.make() is not None
    assert maker.rejection == ""


def test_empty_images_do_no_harm(maker):
    maker.add_frame(serialize_message(Image(encoding="bgr8")))
    maker.add_faces(answer(0))
    assert maker.make() is None
    assert "empty" in maker.rejection
