"""People in our messages against what REP-155 asks for; no hri_msgs needed."""

import re

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Expression, Face, Faces, Speech, Voice
from emotion_bot_msgs.msg import NormalizedRegionOfInterest2D as Region
from hypothesis import given
from hypothesis import strategies as st
from std_msgs.msg import Header

from emotion_bot import images
from emotion_bot.pipeline.humans import (
    FACES_TRACKED,
    PARAMETERS,
    PERSONS_KNOWN,
    PERSONS_TRACKED,
    VOICES_TRACKED,
    Humans,
    Kind,
    fit_crop,
    humans_id,
)
from emotion_core.affect import EMOTIONS

pytestmark = pytest.mark.unit

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
ANNE, BOB = "3f2a-1", "3f2a-2"
FACE_OF_ANNE = "/humans/faces/f3f2a_1"
ANNE_HERSELF, BOB_HIMSELF = "/humans/persons/p3f2a_1", "/humans/persons/p3f2a_2"


@pytest.fixture
def humans():
    return Humans(DEFAULTS)


def header(seconds=100):
    return Header(stamp=Time(sec=seconds, nanosec=7), frame_id="camera_optical_frame")


def face(own, region=(0.25, 0.25, 0.5, 0.75, 0.5), crop=True):
    message = Face(id=own, source=Face.DETECTED if crop else Face.PREDICTED)
    message.roi = Region(**dict(zip(("xmin", "ymin", "xmax", "ymax", "c"), region, strict=True)))
    if crop:
        message.crop = images.image_message(np.full((48, 48), 200, np.uint8), header())
    return message


def frame(*faces, seconds=100):
    return Faces(header=header(seconds), width=640, height=480, faces=list(faces))


def voice(own="9b1c-1", seconds=100, speaking=True):
    return Voice(header=header(seconds), utterance_id=own, is_speaking=speaking)


def by_topic(publications):
    return {publication.topic: publication for publication in publications}


def ids(publications, topic):
    return by_topic(publications)[topic].fields["ids"]


def is_topic_word(word):
    return re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", word) is not None and len(word) < 64


@given(st.text(max_size=80))
def test_every_id_may_be_part_of_a_topic(own):
    assert is_topic_word(humans_id("f", own))


@given(st.lists(st.text("a1-_. ", max_size=6), min_size=2, max_size=20, unique=True))
def test_different_ids_stay_different(several):
    assert len({humans_id("f", own) for own in several}) == len(several)


def test_a_face_brings_its_region_its_crop_and_a_person(humans):
    seen = by_topic(humans.see(frame(face(ANNE)), 0.0))
    region = seen[f"{FACE_OF_ANNE}/roi"]
    assert region.kind is Kind.REGION
    assert region.fields["header"] == header()
    assert [region.fields[n] for n in ("xmin", "ymin", "xmax", "ymax", "c")] == [
        0.25,
        0.25,
        0.5,
        0.75,
        0.5,
    ]
    picture = seen[f"{FACE_OF_ANNE}/cropped"].fields["image"]
    assert (picture.width, picture.height, picture.encoding) == (128, 128, "mono8")
    assert picture.header == header()
    assert seen[f"{ANNE_HERSELF}/anonymous"].fields["data"] is True
    assert seen[f"{ANNE_HERSELF}/face_id"].fields["data"] == "f3f2a_1"
    for topic, expected in (
        (FACES_TRACKED, ["f3f2a_1"]),
        (PERSONS_TRACKED, ["p3f2a_1"]),
        (PERSONS_KNOWN, ["p3f2a_1"]),
    ):
        assert seen[topic].fields == {"header": header(), "ids": expected}
        assert seen[topic].latched
    assert {topic.rpartition("/")[0] for topic in seen if not topic.endswith("tracked")} <= (
        humans.namespaces | {"/humans/persons"}
    )


def test_what_does_not_change_is_said_once(humans):
    humans.see(frame(face(ANNE)), 0.0)
    again = by_topic(humans.see(frame(face(ANNE), seconds=101), 0.1))
    assert f"{ANNE_HERSELF}/face_id" not in again
    assert again[f"{FACE_OF_ANNE}/roi"].fields["header"] == header(101)


def test_a_region_beyond_the_image_ends_at_its_edge(humans):
    seen = by_topic(humans.see(frame(face(ANNE, (-0.25, 0.5, 0.5, 1.25, 0.5))), 0.0))
    fields = seen[f"{FACE_OF_ANNE}/roi"].fields
    assert (fields["xmin"], fields["ymin"], fields["xmax"], fields["ymax"]) == (0, 0.5, 0.5, 1)


def test_a_hidden_face_has_no_picture(humans):
    seen = by_topic(humans.see(frame(face(ANNE, crop=False)), 0.0))
    assert f"{FACE_OF_ANNE}/roi" in seen
    assert f"{FACE_OF_ANNE}/cropped" not in seen


def test_who_is_gone_leaves_nothing(humans):
    humans.see(frame(face(ANNE), face(BOB)), 0.0)
    seen = humans.see(frame(face(BOB), seconds=101), 0.1)
    assert ids(seen, FACES_TRACKED) == ["f3f2a_2"]
    assert humans.namespaces == {"/humans/faces/f3f2a_2", BOB_HIMSELF}
    assert humans.judge(Expression(face_id=ANNE, expression="happy")) == []


def spoilt_picture():
    message = face(ANNE)
    message.crop.encoding = "jpeg"
    return message


@pytest.mark.parametrize(
    "spoilt",
    [
        face(ANNE, (float("nan"), 0, 1, 1, 1)),
        face(ANNE, (0, 0, float("inf"), 1, 1)),
        spoilt_picture(),
    ],
    ids=["nan", "infinite", "encoding"],
)
def test_a_frame_that_cannot_be_read_changes_nothing(humans, spoilt):
    humans.see(frame(face(BOB)), 0.0)
    with pytest.raises(ValueError):
        humans.see(frame(face(BOB), spoilt), 5.0)
    assert humans.faces == 1
    assert humans.namespaces == {"/humans/faces/f3f2a_2", BOB_HIMSELF}
    # Nor does it count as news of the camera.
    assert humans.expire(5.0)


@pytest.mark.parametrize("emotion", EMOTIONS, ids=lambda emotion: emotion.value)
def test_an_expression_is_that_of_the_face_and_of_the_person(humans, emotion):
    humans.see(frame(face(ANNE)), 0.0)
    shown = humans.judge(
        Expression(
            header=header(),
            face_id=ANNE,
            expression=emotion.rep155,
            valence=-0.5,
            arousal=0.25,
            confidence=0.75,
        )
    )
    assert [p.topic for p in shown] == [f"{FACE_OF_ANNE}/expression", f"{ANNE_HERSELF}/expression"]
    for publication in shown:
        assert publication.kind is Kind.EXPRESSION
        assert publication.fields == {
            "header": header(),
            "expression": emotion.rep155,
            "valence": -0.5,
            "arousal": 0.25,
            "confidence": 0.75,
        }


@pytest.mark.parametrize(
    "wrong",
    [
        {"expression": "fear"},
        {"expression": "happy", "valence": float("nan")},
        {"expression": "happy", "confidence": float("inf")},
    ],
)
def test_an_expression_that_means_nothing_is_refused(humans, wrong):
    humans.see(frame(face(ANNE)), 0.0)
    with pytest.raises(ValueError):
        humans.judge(Expression(face_id=ANNE, **wrong))


def test_a_voice_is_tracked_and_belongs_to_whoever_speaks(humans):
    humans.see(frame(face(ANNE), face(BOB)), 0.0)
    heard = humans.hear(voice(), 0.0)
    assert ids(heard, VOICES_TRACKED) == ["v9b1c_1"]
    assert by_topic(heard)["/humans/voices/v9b1c_1/is_speaking"].fields == {"data": True}
    linked = by_topic(humans.attribute(ANNE))
    assert linked[f"{ANNE_HERSELF}/voice_id"].fields == {"data": "v9b1c_1"}
    assert humans.attribute(ANNE) == []
    # It was Bob after all: a voice belongs to one person.
    moved = by_topic(humans.attribute(BOB))
    assert moved[f"{ANNE_HERSELF}/voice_id"].fields == {"data": ""}
    assert moved[f"{BOB_HIMSELF}/voice_id"].fields == {"data": "v9b1c_1"}


def test_who_spoke_before_the_voice_was_heard_gets_it_too(humans):
    humans.see(frame(face(ANNE)), 0.0)
    assert humans.attribute(ANNE) == []
    assert f"{ANNE_HERSELF}/voice_id" in by_topic(humans.hear(voice(), 0.0))


def test_words_still_find_the_voice_and_its_person(humans):
    humans.see(frame(face(ANNE)), 0.0)
    humans.hear(voice(), 0.0)
    humans.attribute(ANNE)
    ended = by_topic(humans.hear(voice(seconds=103, speaking=False), 3.0))
    assert ended["/humans/voices/v9b1c_1/is_speaking"].fields == {"data": False}
    assert humans.attribute("") == []
    humans.hear(voice(own="", seconds=105, speaking=False), 5.0)
    said = by_topic(
        humans.hear_words(
            Speech(
                header=header(103),
                utterance_id="9b1c-1",
                final="good morning",
                confidence=0.5,
                locale="en_US",
            ),
            5.5,
        )
    )
    words = said["/humans/voices/v9b1c_1/speech"]
    assert words.kind is Kind.SPEECH
    assert words.fields == {
        "header": header(103),
        "incremental": "",
        "final": "good morning",
        "confidence": 0.5,
        "locale": "en_US",
        "language": "en-US",
    }
    assert said[VOICES_TRACKED].fields == {"header": header(105), "ids": ["v9b1c_1"]}


def test_a_voice_goes_when_nothing_more_is_heard_of_it(humans):
    humans.see(frame(face(ANNE)), 8.0)
    humans.hear(voice(), 4.0)
    humans.attribute(ANNE)
    assert humans.expire(9.0) == []
    gone = humans.expire(9.01)
    assert ids(gone, VOICES_TRACKED) == []
    assert by_topic(gone)[f"{ANNE_HERSELF}/voice_id"].fields == {"data": ""}
    assert humans.voices == 0
    # What went on when the sound ended is not given to whoever speaks next.
    assert humans.attribute(ANNE) == []


def test_without_frames_nobody_is_there(humans):
    humans.see(frame(face(ANNE), seconds=100), 10.0)
    assert humans.expire(12.0) == []
    gone = humans.expire(12.01)
    assert ids(gone, FACES_TRACKED) == ids(gone, PERSONS_TRACKED) == []
    assert by_topic(gone)[FACES_TRACKED].fields["header"] == header(100)
    assert humans.namespaces == frozenset()
    assert humans.expire(13.0) == []


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (10, 200), (200, 10)])
def test_a_crop_keeps_its_proportions(shape):
    fitted = fit_crop(np.full(shape, 255, np.uint8), 64, 32)
    assert fitted.shape == (32, 64, *shape[2:])
    lit = np.argwhere(fitted.reshape(32, 64, -1)[..., 0])
    height, width = lit.max(axis=0) - lit.min(axis=0) + 1
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.4)
    assert width == 64 or height == 32
    margins = (lit.min(axis=0), np.array([31, 63]) - lit.max(axis=0))
    assert np.abs(margins[0] - margins[1]).max() <= 1
