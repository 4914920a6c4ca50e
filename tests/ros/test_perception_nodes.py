import array
import math

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Expression, Face, Faces
from sensor_msgs.msg import Image
from skimage import data
from std_msgs.msg import Header

from emotion_bot import images, qos, runner, topics
from emotion_bot.graph import EVERY_FRAME as ANSWER_EVERY_FRAME
from emotion_bot.nodes.emotion import EmotionNode
from emotion_bot.nodes.faces import FacesNode

pytestmark = pytest.mark.ros

PORTRAIT = np.ascontiguousarray(data.astronaut()[..., ::-1])

EVERY_FRAME = pytest.mark.parametrize("bench", [dict(ANSWER_EVERY_FRAME)], indirect=True)
"""The frames of these tests were taken long ago."""


def header(number=1):
    return Header(stamp=Time(sec=100 + number), frame_id="camera_optical_frame")


def send_until_answered(publisher, message, inbox):
    """Best-effort readers may miss what is sent while they connect."""
    for _ in range(100):
        publisher.publish(message)
        try:
            return inbox.wait_for_count(1, timeout=0.3)[0]
        except AssertionError:
            continue
    raise AssertionError("no answer")


@EVERY_FRAME
@pytest.mark.parametrize("encoding", ["bgr8", "rgb8", "mono8"])
def test_a_face_is_found_in_every_supported_encoding(bench, encoding):
    bench.add(FacesNode())
    faces = bench.listen(Faces, topics.FACES)
    frames = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    picture = {
        "bgr8": PORTRAIT,
        "rgb8": np.ascontiguousarray(PORTRAIT[..., ::-1]),
        "mono8": cv2.cvtColor(PORTRAIT, cv2.COLOR_BGR2GRAY),
    }[encoding]
    message = images.image_message(picture, header())
    message.encoding = encoding
    answer = send_until_answered(frames, message, faces)
    assert answer.header == message.header
    assert (answer.width, answer.height) == (512, 512)
    assert len(answer.faces) == 1
    face = answer.faces[0]
    assert 0.3 < (face.roi.xmin + face.roi.xmax) / 2 < 0.6
    assert (face.crop.width, face.crop.encoding) == (48, "mono8")
    left_eye, right_eye = face.landmarks[0], face.landmarks[1]
    assert left_eye.x < right_eye.x


@EVERY_FRAME
@pytest.mark.parametrize("size", [(1, 1), (6000, 8000)])
def test_frames_of_extreme_size_are_answered(bench, size):
    bench.add(FacesNode())
    faces = bench.listen(Faces, topics.FACES)
    frames = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    message = images.image_message(np.zeros((*size, 3), np.uint8), header())
    answer = send_until_answered(frames, message, faces)
    assert (answer.height, answer.width) == size
    assert answer.faces == []


def broken(**changes):
    message = images.image_message(np.zeros((48, 64, 3), np.uint8), header())
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@EVERY_FRAME
@pytest.mark.parametrize(
    ("message", "words"),
    [
        (broken(encoding="16UC1"), "16UC1"),
        (broken(data=array.array("B", b"short")), "needs"),
        (broken(width=0), "empty"),
        (broken(step=3), "step"),
    ],
    ids=["encoding", "data", "width", "step"],
)
def test_a_frame_that_cannot_be_read_is_a_diagnostic_and_the_next_one_is_read(
    bench, message, words
):
    bench.add(FacesNode())
    faces = bench.listen(Faces, topics.FACES)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    frames = bench.publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)

    def refused(seen):
        frames.publish(message)
        return any(
            status.level == DiagnosticStatus.ERROR and words in status.message
            for array_ in seen
            for status in array_.status
        )

    diagnostics.wait_for(refused)
    good = images.image_message(PORTRAIT, header(2))
    assert len(send_until_answered(frames, good, faces).faces) == 1


def faces_with_portrait(number=1):
    crop = cv2.resize(cv2.cvtColor(PORTRAIT[60:190, 165:290], cv2.COLOR_BGR2GRAY), (48, 48))
    face = Face(id="f1", crop=images.image_message(crop, header(number)))
    return Faces(header=header(number), width=512, height=512, faces=[face])


def test_a_smile_is_read_with_everything_the_message_promises(bench):
    bench.add(EmotionNode())
    expressions = bench.listen(Expression, topics.EXPRESSION)
    bench.publisher(Faces, topics.FACES, qos.STREAM).publish(faces_with_portrait())
    expression = expressions.wait_for_count(1)[0]
    assert expression.header == header()
    assert expression.face_id == "f1"
    assert expression.expression == "happy"
    assert sum(expression.probabilities) == pytest.approx(1, abs=1e-4)
    assert expression.confidence == pytest.approx(max(expression.probabilities))
    assert expression.valence > 0
    assert expression.affect in ("pleasure", "excitement", "arousal", "contentment")
    weights = (expression.face_weight, expression.voice_weight, expression.text_weight)
    assert weights == (1.0, 0.0, 0.0)


def test_faces_without_a_crop_say_nothing_and_wrong_crops_are_a_diagnostic(bench):
    bench.add(EmotionNode())
    expressions = bench.listen(Expression, topics.EXPRESSION)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    publisher = bench.publisher(Faces, topics.FACES, qos.STREAM)
    publisher.publish(Faces(header=header(), width=512, height=512, faces=[Face(id="hidden")]))
    wrong = faces_with_portrait(2)
    wrong.faces[0].crop = images.image_message(np.zeros((32, 32), np.uint8), header(2))
    publisher.publish(wrong)
    diagnostics.wait_for(
        lambda seen: any("(N, 48, 48)" in s.message for message in seen for s in message.status)
    )
    publisher.publish(faces_with_portrait(3))
    assert expressions.wait_for_count(1)[0].header.stamp.sec == 103


@pytest.mark.parametrize("bench", [{"face_model": "/no/such/model.onnx"}], indirect=True)
def test_a_missing_model_is_a_configuration_error(bench):
    with pytest.raises(runner.ConfigurationError, match=r"/no/such/model\.onnx"):
        EmotionNode()


@pytest.mark.parametrize("bench", [{"smoothing_time_constant": 3.0}], indirect=True)
def test_smoothing_that_would_lag_is_refused(bench):
    with pytest.raises(runner.ParameterError, match=r"emotion\.smoothing_time_constant"):
        EmotionNode()


def test_infinite_values_do_not_stop_the_emotion_node(bench):
    bench.add(EmotionNode())
    expressions = bench.listen(Expression, topics.EXPRESSION)
    publisher = bench.publisher(Faces, topics.FACES, qos.STREAM)
    strange = faces_with_portrait()
    strange.faces[0].age = math.inf
    strange.faces[0].roi.xmin = math.nan
    publisher.publish(strange)
    assert expressions.wait_for_count(1)[0].expression == "happy"
