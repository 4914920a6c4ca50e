"""Who speaks, told from mouths that move: with a real face and a mouth made to open and close."""

import itertools

import cv2
import numpy as np
import pytest
import skimage.data

from emotion_core.fusion.attribution import Attribution
from emotion_core.fusion.speaker import ActiveSpeaker, mouth_motion

pytestmark = pytest.mark.unit

FPS = 25
SIDE = 48


@pytest.fixture(scope="module")
def face():
    astronaut = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    return cv2.resize(astronaut[60:180, 165:285], (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def opened(face, amount):
    """Stretch the lower part of a face downwards, as an opening mouth does."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    pull = np.float32(amount) * np.clip((rows - 0.66 * SIDE) / (0.3 * SIDE), 0, 1)
    return cv2.remap(face, columns, rows - pull, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def speaking(face, frame):
    return opened(face, 4.0 * abs(np.sin(frame * 0.9)))


def noisy(face, generator):
    return np.clip(face + generator.normal(0, 2, face.shape), 0, 255).astype(np.uint8)


def test_a_mouth_moves_and_light_does_not_move_it(face):
    brighter = np.clip(face.astype(int) + 25, 0, 255).astype(np.uint8)
    assert mouth_motion(face, face) == 0
    assert mouth_motion(face, opened(face, 4.0)) > 5 * mouth_motion(face, brighter)


def test_the_one_whose_mouth_moves_speaks(face):
    generator = np.random.default_rng(0)
    speaker = ActiveSpeaker()
    found = []
    for frame in range(4 * FPS):
        first_speaks = frame < 2 * FPS
        crops = {
            "ada": noisy(speaking(face, frame) if first_speaks else face, generator),
            "bob": noisy(face if first_speaks else speaking(face, frame), generator),
        }
        found.append(speaker.update(crops, frame / FPS, is_speaking=True))
    assert set(found[FPS // 2 : 2 * FPS]) == {"ada"}
    assert set(found[-FPS // 2 :]) == {"bob"}
    assert sum(a != b for a, b in itertools.pairwise(found)) <= 3


def test_nobody_speaks_in_silence_and_one_alone_gets_the_voice(face):
    speaker = ActiveSpeaker()
    assert speaker.update({"ada": face}, 0.0, is_speaking=False) == ""
    assert speaker.update({"ada": face}, 0.04, is_speaking=True) == "ada"
    assert speaker.update({}, 0.08, is_speaking=True) == ""


def test_voice_and_words_go_to_the_speaker_alone(face, scores):
    heard = Attribution()
    for frame in range(2 * FPS):
        time = frame / FPS
        heard.hear_voice(scores("sad", time=time), is_speaking=True)
        heard.look({"ada": speaking(face, frame), "bob": face}, time)
    assert heard.hear_words(scores("angry", time=2.0), 0.0, 2.0) == "ada"
    assert heard.evidence("ada", None).voice is not None
    assert heard.evidence("ada", None).words is not None
    assert heard.evidence("bob", scores("happy")).voice is None
    assert heard.evidence("bob", scores("happy")).words is None


def test_words_said_by_nobody_in_view_belong_to_nobody(face, scores):
    heard = Attribution()
    heard.hear_voice(scores("sad"), is_speaking=True)
    heard.look({}, 0.5)
    assert heard.hear_words(scores("sad", time=1.0), 0.0, 1.0) == ""
    heard.look({"ada": face}, 1.5)
    assert heard.evidence("ada", None).words is None
