"""Voice activity and utterances on real speech, and the cutting by itself."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sound_files import tone

from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.chunks import CHUNK_SAMPLES, CHUNK_SECONDS
from emotion_core.audio.conversion import int16_samples
from emotion_core.audio.utterances import UtteranceParameters, UtteranceSegmenter
from emotion_core.audio.voice_activity import VoiceActivityDetector
from emotion_core.inference.expression import ModelError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def detector():
    return VoiceActivityDetector()


@pytest.fixture(scope="module")
def speech(data_root):
    """Chunks of real English speech, recorded in a hall."""
    source = AudioFile(data_root / "clips" / "jfk.flac")
    source.open()
    chunks = []
    while (chunk := source.read()) is not None:
        chunks.append(chunk)
    return chunks


def probabilities(detector, chunks):
    detector.reset()
    return np.array([detector.probability(chunk) for chunk in chunks])


def test_speech_is_told_from_its_pauses(detector, speech):
    found = probabilities(detector, [chunk.samples for chunk in speech])
    times = np.array([chunk.time for chunk in speech])
    # Heard by ear: "And so my fellow Americans" and the pause after it.
    assert found[(times > 0.5) & (times < 2.1)].mean() > 0.9
    assert found[(times > 2.5) & (times < 3.0)].mean() < 0.2


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(16000, np.float32),
        tone(1.0, 16000, 1000.0, 0.3),
        np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32),
        np.full(16000, 2.0, np.float32),
    ],
    ids=["silence", "tone", "noise", "clipped"],
)
def test_what_is_no_speech_is_none(detector, sound):
    chunks = int16_samples(sound)[: 31 * CHUNK_SAMPLES].reshape(31, CHUNK_SAMPLES)
    assert probabilities(detector, chunks).max() < 0.5


def test_the_state_belongs_to_the_stream(detector, speech):
    chunks = [chunk.samples for chunk in speech[:60]]
    first = probabilities(detector, chunks)
    detector.probability(speech[100].samples)
    np.testing.assert_array_equal(probabilities(detector, chunks), first)


def test_a_chunk_of_another_length_is_refused(detector):
    with pytest.raises(ValueError, match="512"):
        detector.probability(np.zeros(480, np.int16))


def test_a_missing_damaged_or_other_network_is_named(tmp_path):
    with pytest.raises(ModelError, match="absent"):
        VoiceActivityDetector(tmp_path / "absent.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08\x07no network")
    with pytest.raises(ModelError, match="damaged"):
        VoiceActivityDetector(damaged)


def test_another_network_is_refused():
    from emotion_core.resources import models_directory

    with pytest.raises(ModelError, match="Silero"):
        VoiceActivityDetector(models_directory() / "face.onnx")


def test_hearing_runs_without_torch():
    program = (
        "import sys\n"
        "import emotion_bot.pipeline.voice, emotion_bot.pipeline.speech\n"
        "from emotion_core.audio.voice_activity import VoiceActivityDetector\n"
        "from emotion_core.audio.recognizer import make_recognizer\n"
        "import emotion_core.audio.sources\n"
        "VoiceActivityDetector(); make_recognizer('none')\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_utterances_of_real_speech(detector, speech):
    detector.reset()
    segmenter = UtteranceSegmenter()
    over = []
    for chunk in speech:
        end = chunk.time + CHUNK_SECONDS
        probability = detector.probability(chunk.samples)
        over += [u for u in segmenter.update(probability, chunk.time, end) if u.is_over]
    last = segmenter.interrupt()
    assert [u.id for u in [*over, last]] == ["u1", "u2", "u3"]
    # "And so my fellow Americans" / "ask not" / "what your country can do for you, ask ..."
    assert over[0].start < 0.4
    assert 2.2 < over[0].end < 3.2
    assert over[1].start == pytest.approx(3.0, abs=0.3)
    assert last.start < 5.4
    assert last.end > 10.5


PARAMETERS = UtteranceParameters(
    begin_probability=0.6,
    end_probability=0.4,
    confirmation=0.09,
    hangover=0.5,
    pre_roll=0.2,
    maximum=3.0,
)


def cut(levels, parameters=PARAMETERS):
    """Return all that the segmenter says about chunks of these probabilities."""
    segmenter = UtteranceSegmenter(parameters)
    said = []
    for number, level in enumerate(levels):
        start = 100 + number * CHUNK_SECONDS
        said += segmenter.update(level, start, 100 + (number + 1) * CHUNK_SECONDS)
    return said


def test_an_utterance_has_a_pre_roll_and_ends_after_a_pause():
    said = cut([0.0] * 20 + [0.9] * 20 + [0.0] * 40)
    first, last = said[0], said[-1]
    assert first.start == pytest.approx(100 + 20 * CHUNK_SECONDS - 0.2)
    assert first.end == pytest.approx(100 + 23 * CHUNK_SECONDS)
    assert last.is_over
    assert last.end == pytest.approx(100 + 40 * CHUNK_SECONDS + 0.5, abs=CHUNK_SECONDS)
    assert len({u.id for u in said}) == 1


def test_a_click_is_no_utterance():
    assert cut([0.0] * 5 + [1.0] * 2 + [0.0] * 40) == []


def test_between_the_thresholds_nothing_changes():
    assert cut([0.5] * 100) == []
    said = cut([0.9] * 5 + [0.5] * 60)
    assert not any(u.is_over for u in said)


def test_a_short_pause_does_not_end_it():
    said = cut([0.9] * 10 + [0.0] * 10 + [0.9] * 10 + [0.0] * 40)
    assert sum(u.is_over for u in said) == 1


def test_a_long_utterance_is_cut_without_a_gap_or_an_overlap():
    said = cut([0.9] * 300)
    over = [u for u in said if u.is_over]
    assert len(over) >= 2
    begun = {u.id: u for u in said if not u.is_over}
    starts = [begun[u.id].start for u in over[1:]]
    assert starts == [u.end for u in over[:-1]]
    assert all(u.end - u.start <= 3.0 for u in over)


def test_the_pre_roll_does_not_reach_before_the_stream_or_into_the_last_utterance():
    assert cut([0.9] * 10)[0].start == 100.0
    said = cut([0.9] * 10 + [0.0] * 16 + [0.9] * 10)
    over = next(u for u in said if u.is_over)
    assert said[-1].id != over.id
    assert said[-1].start >= over.end


def test_an_interruption_ends_it_where_the_sound_ended():
    segmenter = UtteranceSegmenter(PARAMETERS)
    for number in range(10):
        segmenter.update(0.9, number * 0.032, (number + 1) * 0.032)
    ended = segmenter.interrupt()
    assert ended.is_over
    assert ended.end == pytest.approx(0.32)
    assert segmenter.interrupt() is None
    for number in range(10):
        said = segmenter.update(0.9, 50 + number * 0.032, 50 + (number + 1) * 0.032)
    assert said[0].id != ended.id
    assert said[0].start == 50.0


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), max_size=300))
def test_whatever_is_heard_utterances_follow_each_other(levels):
    said = cut(levels)
    finished = set()
    previous_end = 0.0
    current = None
    for utterance in said:
        assert utterance.id not in finished
        assert utterance.start <= utterance.end
        assert utterance.end - utterance.start <= 3.0 + 1e-6
        if utterance.id != current:
            assert utterance.start >= previous_end - 1e-9
            current = utterance.id
        if utterance.is_over:
            finished.add(utterance.id)
            previous_end = utterance.end


@pytest.mark.parametrize(
    "values",
    [
        {"begin_probability": 0.3, "end_probability": 0.5},
        {"begin_probability": 1.5},
        {"hangover": 0.0},
        {"maximum": 0.5},
        {"pre_roll": -1.0},
    ],
)
def test_parameters_that_make_no_sense_are_refused(values):
    with pytest.raises(ValueError, match=r"needs|must"):
        UtteranceParameters(**values)
