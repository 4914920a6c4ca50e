"""Voice and speech nodes, with sound as messages."""

import array
import dataclasses
import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Audio, Speech, Voice
from std_msgs.msg import Bool, Header

from emotion_bot import qos, runner, stamps, topics
from emotion_bot.nodes import speech as speech_module
from emotion_bot.nodes import voice as voice_module
from emotion_bot.nodes.speech import SpeechNode
from emotion_bot.nodes.voice import VoiceNode
from emotion_core.affect import LABELS
from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.recognizer import Hypothesis, RecognizerError

pytestmark = pytest.mark.ros

CHUNK_SECONDS = 0.032
BEGINS = 1000.0


@pytest.fixture(scope="module")
def sentence(data_root):
    """Chunks of three seconds of real speech with a second of silence on both sides."""
    source = AudioFile(data_root / "clips" / "jfk.flac")
    source.open()
    spoken = [source.read().samples for _ in range(80)]
    source.close()
    silent = [np.zeros(512, np.int16)] * 31
    return [*silent, *spoken, *silent]


def audio(samples, time, rate=16000):
    return Audio(
        header=Header(stamp=stamps.stamp_from_seconds(time), frame_id="microphone_frame"),
        sample_rate=rate,
        samples=array.array("h", np.asarray(samples, np.int16).tobytes()),
    )


def play(publisher, chunks, begins=BEGINS):
    for number, samples in enumerate(chunks):
        publisher.publish(audio(samples, begins + number * CHUNK_SECONDS))
    return begins + len(chunks) * CHUNK_SECONDS


def time_of(message):
    return stamps.seconds_from_stamp(message.header.stamp)


def overriding(monkeypatch, module, **values):
    monkeypatch.setattr(
        module,
        "PARAMETERS",
        tuple(
            dataclasses.replace(p, default=values.get(p.name, p.default)) for p in module.PARAMETERS
        ),
    )


def status_of(name, level):
    return lambda seen: [s for m in seen for s in m.status if s.name == name and s.level == level]


def test_an_utterance_is_announced_scored_and_ended(bench, sentence):
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    speaking = bench.listen(Bool, topics.VOICE_IS_SPEAKING, qos.STREAM)
    bench.add(VoiceNode())
    end = play(bench.publisher(Audio, topics.AUDIO, qos.SOUND), sentence)
    over = voices.wait_for(lambda seen: [m for m in seen if m.utterance_id and not m.is_speaking])[
        0
    ]
    voices.wait_for(lambda seen: time_of(seen[-1]) > end - 0.15)
    messages = voices.messages
    times = np.array([time_of(m) for m in messages])
    assert len(messages) == pytest.approx(10 * len(sentence) * CHUNK_SECONDS, abs=4)
    assert (np.diff(times) >= 0).all()
    begun = next(m for m in messages if m.is_speaking)
    assert stamps.seconds_from_stamp(begun.start) == pytest.approx(BEGINS + 1.1, abs=0.3)
    assert begun.utterance_id == over.utterance_id
    assert over.start == begun.start
    assert time_of(over) == pytest.approx(BEGINS + 1.0 + 2.3 + 0.7, abs=0.5)
    inside = [m for m in messages if m.utterance_id]
    assert len({m.utterance_id for m in inside}) == 1
    scored = [m for m in inside if len(m.probabilities)]
    assert scored, "the shipped model scores a voiced window"
    for message in scored:
        assert len(message.probabilities) == len(LABELS)
        assert sum(message.probabilities) == pytest.approx(1, abs=1e-3)
        assert 0.5 <= message.window <= 3.0
        assert -1 <= message.valence <= 1
        assert -1 <= message.arousal <= 1
        assert len(message.embedding)
    outside = [m for m in messages if not m.utterance_id]
    assert all(not len(m.probabilities) and m.window == 0 for m in outside)
    speaking.wait_for(lambda seen: len(seen) >= 2 and not seen[-1].data)
    assert speaking.messages[0].data


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_without_a_voice_model_voice_activity_goes_on(
    bench, monkeypatch, tmp_path, sentence, damage
):
    path = tmp_path / "voice.onnx"
    if damage == "broken":
        path.write_bytes(b"no network")
    overriding(monkeypatch, voice_module, voice_model=str(path))
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.add(VoiceNode())
    play(bench.publisher(Audio, topics.AUDIO, qos.SOUND), sentence)
    voices.wait_for(lambda seen: [m for m in seen if m.utterance_id and not m.is_speaking])
    assert not any(len(m.probabilities) or len(m.embedding) for m in voices.messages)
    warned = diagnostics.wait_for(status_of("voice", DiagnosticStatus.WARN))
    assert "voice activity alone" in warned[-1].message
    assert str(path) in warned[-1].message


def test_sound_that_stops_in_a_word_ends_the_utterance(bench, sentence):
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    speaking = bench.listen(Bool, topics.VOICE_IS_SPEAKING, qos.STREAM)
    bench.add(VoiceNode())
    end = play(bench.publisher(Audio, topics.AUDIO, qos.SOUND), sentence[:70])
    over = voices.wait_for(lambda seen: [m for m in seen if m.utterance_id and not m.is_speaking])[
        0
    ]
    assert time_of(over) == pytest.approx(end, abs=0.04)
    speaking.wait_for(lambda seen: seen and not seen[-1].data)


def test_a_gap_in_the_sound_begins_a_new_utterance(bench, sentence):
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    bench.add(VoiceNode())
    publisher = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    end = play(publisher, sentence[:70])
    play(publisher, sentence[35:], end + 5.0)
    over = voices.wait_for(
        lambda seen: (
            len(done := [m for m in seen if m.utterance_id and not m.is_speaking]) == 2 and done
        )
    )
    assert over[0].utterance_id != over[1].utterance_id
    assert time_of(over[0]) == pytest.approx(end, abs=0.04)
    assert stamps.seconds_from_stamp(over[1].start) >= end + 5.0 - 1e-6


def test_chunks_of_any_length_are_heard_alike(bench, sentence):
    whole = np.concatenate(sentence)
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    bench.add(VoiceNode())
    publisher = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    for begin in range(0, len(whole), 700):
        publisher.publish(audio(whole[begin : begin + 700], BEGINS + begin / 16000))
    over = voices.wait_for(lambda seen: [m for m in seen if m.utterance_id and not m.is_speaking])[
        0
    ]
    assert time_of(over) == pytest.approx(BEGINS + 4.0, abs=0.5)


def test_sound_of_another_rate_is_rejected_by_name_and_the_next_is_heard(bench, sentence):
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    node = bench.add(VoiceNode())
    publisher = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    publisher.publish(audio(np.zeros(441, np.int16), BEGINS, 44100))
    publisher.publish(audio([], BEGINS))
    bench.wait_until(lambda: node._rejected == 2, "both rejections")
    errors = diagnostics.wait_for(status_of("voice", DiagnosticStatus.ERROR))
    assert "rejected" in errors[0].message
    play(publisher, sentence)
    voices.wait_for(lambda seen: any(m.is_speaking for m in seen))


@pytest.mark.parametrize("sound", ["silence", "clipped", "noise"])
def test_no_speech_is_no_utterance(bench, sound):
    chunks = {
        "silence": np.zeros((60, 512)),
        "clipped": np.full((60, 512), 32767),
        "noise": np.random.default_rng(1).normal(0, 3000, (60, 512)),
    }[sound]
    voices = bench.listen(Voice, topics.VOICE, qos.STREAM)
    bench.add(VoiceNode())
    end = play(bench.publisher(Audio, topics.AUDIO, qos.SOUND), chunks)
    voices.wait_for(lambda seen: seen and time_of(seen[-1]) > end - 0.15)
    assert not any(m.utterance_id or len(m.probabilities) for m in voices.messages)


@pytest.mark.parametrize("bench", [{"maximum": 5.0, "hangover": 3.0, "pre_roll": 1.0,
                                    "confirmation": 1.0}], indirect=True)  # fmt: skip
def test_parameters_that_make_no_sense_together_are_named(bench):
    with pytest.raises(runner.ConfigurationError, match="maximum"):
        VoiceNode()


class Scripted:
    """A recogniser that hears how long an utterance is."""

    name = "scripted"
    locale = "en_US"

    def __init__(self, gate=None, fails=()):
        self.gate = gate
        self.fails = list(fails)
        self.heard = []

    def begin(self):
        self.samples = 0

    def feed(self, samples):
        self.samples += len(samples)

    def partial(self):
        return Hypothesis(f"heard {self.samples // 4000} quarters", 0.0)

    def finish(self):
        if self.gate is not None:
            self.gate()
        if self.fails and self.fails.pop(0):
            raise RecognizerError("scripted: broken")
        self.heard.append(self.samples)
        return Hypothesis(f"{self.samples} samples", 0.8)


def use(monkeypatch, recognizer):
    monkeypatch.setattr(speech_module, "make_recognizer", lambda _name: recognizer)
    overriding(monkeypatch, speech_module, niceness=0)
    return recognizer


def voice(name, start, time, is_speaking):
    return Voice(
        header=Header(stamp=stamps.stamp_from_seconds(time)),
        utterance_id=name,
        start=stamps.stamp_from_seconds(start),
        is_speaking=is_speaking,
    )


def test_words_of_an_utterance_are_published_with_their_times(bench, monkeypatch):
    use(monkeypatch, Scripted())
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    bench.add(SpeechNode())
    sounds = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    voices = bench.publisher(Voice, topics.VOICE, qos.SOUND)
    play(sounds, [np.ones(512, np.int16)] * 100)
    voices.publish(voice("u1", BEGINS + 0.5, BEGINS + 0.7, True))
    voices.publish(voice("u1", BEGINS + 0.5, BEGINS + 2.0, False))
    final = speeches.wait_for(lambda seen: [m for m in seen if m.final])[0]
    assert final.final == "24000 samples"
    assert final.incremental == ""
    assert final.utterance_id == "u1"
    assert final.confidence == pytest.approx(0.8)
    assert final.locale == "en_US"
    assert stamps.seconds_from_stamp(final.start) == pytest.approx(BEGINS + 0.5)
    assert time_of(final) == pytest.approx(BEGINS + 2.0)


def test_partial_words_come_while_the_utterance_goes_on(bench, monkeypatch):
    use(monkeypatch, Scripted())
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    bench.add(SpeechNode())
    sounds = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    voices = bench.publisher(Voice, topics.VOICE, qos.SOUND)
    tick = threading.Event()
    # The utterance has no end: what comes now is partial.
    for number in range(900):
        if speeches.messages:
            break
        time = BEGINS + number * CHUNK_SECONDS
        sounds.publish(audio(np.ones(512), time))
        voices.publish(voice("u1", BEGINS, time + CHUNK_SECONDS, True))
        tick.wait(0.02)
    partial = speeches.wait_for_count(1)[0]
    assert partial.incremental.startswith("heard ")
    assert partial.final == ""


def test_a_slow_recognizer_drops_the_oldest_and_stays_fresh(bench, monkeypatch):
    free = threading.Event()
    recognizer = use(monkeypatch, Scripted(gate=lambda: free.wait(20)))
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    node = bench.add(SpeechNode())
    sounds = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    voices = bench.publisher(Voice, topics.VOICE, qos.SOUND)
    play(sounds, [np.ones(512, np.int16)] * 190)
    voices.publish(voice("u1", BEGINS, BEGINS + 0.3, True))
    voices.publish(voice("u1", BEGINS, BEGINS + 0.5, False))
    bench.wait_until(lambda: getattr(recognizer, "samples", 0) == 8000, "the first one")
    for number in range(2, 9):
        start = BEGINS + 0.5 * (number - 1)
        voices.publish(voice(f"u{number}", start, start + 0.3, True))
        voices.publish(voice(f"u{number}", start, start + 0.5, False))
    bench.wait_until(lambda: node.pipeline.dropped == 5, "the oldest to be dropped")
    free.set()
    speeches.wait_for(lambda seen: len([m for m in seen if m.final]) == 3)
    assert [m.utterance_id for m in speeches.messages if m.final] == ["u1", "u7", "u8"]


def test_an_utterance_that_fails_is_reported_and_the_next_is_recognised(bench, monkeypatch):
    use(monkeypatch, Scripted(fails=[True]))
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    node = bench.add(SpeechNode())
    sounds = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    voices = bench.publisher(Voice, topics.VOICE, qos.SOUND)
    play(sounds, [np.ones(512, np.int16)] * 100)
    for number in (1, 2):
        voices.publish(voice(f"u{number}", BEGINS + number, BEGINS + number + 0.3, True))
        voices.publish(voice(f"u{number}", BEGINS + number, BEGINS + number + 0.5, False))
    final = speeches.wait_for(lambda seen: [m for m in seen if m.final])[0]
    assert final.utterance_id == "u2"
    assert node.pipeline.failed == 1


def test_a_recognizer_that_is_not_there_is_reported_and_no_end(bench, monkeypatch):
    def refuse(_name):
        raise RecognizerError("recogniser 'x': not reachable")

    monkeypatch.setattr(speech_module, "make_recognizer", refuse)
    overriding(monkeypatch, speech_module, niceness=0)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.add(SpeechNode())
    errors = diagnostics.wait_for(status_of("speech", DiagnosticStatus.ERROR))
    assert "not reachable" in errors[0].message


def test_without_a_text_model_words_come_without_expression(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(speech_module, "make_recognizer", lambda _name: Scripted())
    overriding(monkeypatch, speech_module, niceness=0, text_model=str(tmp_path / "absent.onnx"))
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.add(SpeechNode())
    play(bench.publisher(Audio, topics.AUDIO, qos.SOUND), [np.ones(512, np.int16)] * 40)
    voices = bench.publisher(Voice, topics.VOICE, qos.SOUND)
    voices.publish(voice("u1", BEGINS, BEGINS + 0.3, True))
    voices.publish(voice("u1", BEGINS, BEGINS + 0.5, False))
    final = speeches.wait_for(lambda seen: [m for m in seen if m.final])[0]
    assert not len(final.probabilities)
    assert not len(final.embedding)
    warned = diagnostics.wait_for(status_of("speech", DiagnosticStatus.WARN))
    assert "absent.onnx" in warned[0].message


def test_real_speech_becomes_words(bench, monkeypatch, sentence):
    overriding(monkeypatch, speech_module, niceness=0)
    speeches = bench.listen(Speech, topics.SPEECH, qos.STREAM)
    bench.add(VoiceNode())
    bench.add(SpeechNode())
    sounds = bench.publisher(Audio, topics.AUDIO, qos.SOUND)
    bench.wait_until(lambda: sounds.get_subscription_count() == 2, "both readers")
    play(sounds, sentence)
    final = speeches.wait_for(lambda seen: [m for m in seen if m.final])[0]
    # "And so my fellow Americans"; where exactly it is cut decides about single words.
    assert len({"and", "so", "my", "fellow", "americans"} & set(final.final.split())) >= 2
    assert 0 < final.confidence <= 1
