"""The whole way from a real video to the posture: sad, then happy."""

import math
from statistics import mean

import pytest

from emotion_bot.up.processes import config_directory
from emotion_core.affect import Emotion
from emotion_core.behaviour.companion import Companion
from emotion_core.behaviour.people import SeenFace
from emotion_core.behaviour.reactions_file import load_reactions
from emotion_core.replay.video_reader import open_reader
from emotion_core.resources import cache_directory, models_directory
from emotion_core.vision.mtcnn import MtcnnDetector
from emotion_core.vision.sources import VideoFile
from emotion_core.vision.tracking import FaceTracker

pytestmark = [pytest.mark.unit, pytest.mark.slow]

PERIOD = 0.05


@pytest.fixture(scope="module")
def postures(clip):
    weights = models_directory() / "face.onnx"
    if not weights.is_file():
        pytest.skip(f"no face model at {weights}")
    detector = MtcnnDetector(cache_directory() / "mtcnn")
    reader = open_reader(FaceTracker(detector, detector))
    companion = Companion(load_reactions(config_directory() / "reactions.yaml"))
    postures, tick = [], 0
    source = VideoFile(clip)
    source.open()
    while (time := source.prepare()) is not None:
        frame = source.read(lambda time=time: time)
        if frame is None:
            break
        rows = reader.read(frame.image, time)
        companion.observe_faces(
            time, [SeenFace(row.face_id, row.box.width * row.box.height) for row in rows]
        )
        for row in rows:
            companion.observe_expression(time, row.face_id, row.expression.probabilities.tolist())
        while tick * PERIOD <= time:
            postures.append(companion.update(tick * PERIOD))
            tick += 1
    source.close()
    companion.close()
    return postures


def tilts_deg(postures, start, stop):
    return [math.degrees(p.offset.tilt) for p in postures if start <= p.time < stop]


def test_the_posture_goes_down_then_up(postures):
    assert min(tilts_deg(postures, 3.0, 9.0)) < -6.0
    assert mean(tilts_deg(postures, 14.0, 19.0)) > 2.0


def test_the_answers_are_sad_then_happy(postures):
    answered = {p.emotion for p in postures if p.time >= 13.0}
    assert answered == {Emotion.HAPPY}
    assert Emotion.SAD in {p.emotion for p in postures if p.time < 9.0}
