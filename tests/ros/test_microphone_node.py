import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import soundfile
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Audio, Privacy, Voice
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_bot import capture_health, qos, runner, stamps, topics
from emotion_bot.dashboard.privacy_monitor import PrivacyMonitor
from emotion_bot.nodes import camera, microphone
from emotion_bot.nodes.camera import CameraNode
from emotion_bot.nodes.microphone import MicrophoneNode
from emotion_core.audio.chunks import AudioChunk, MicrophoneLostError, NoMicrophoneError

pytestmark = pytest.mark.ros

RATE = 44100
SECONDS = 1.5
CHUNKS = round(SECONDS / 0.032 + 0.5)


@pytest.fixture
def ramp(tmp_path):
    """A wav in stereo whose samples rise with time, and -0.5 full scale on the other side."""
    path = tmp_path / "ramp.wav"
    left = np.linspace(-0.5, 0.5, round(SECONDS * RATE))
    soundfile.write(path, np.stack([left, left], axis=1), RATE)
    return path


def start(bench):
    node = bench.add(MicrophoneNode())
    node.autostart()
    return node


def overriding(monkeypatch, module, **values):
    """Give the node other defaults, for values that only exist when the test runs."""
    monkeypatch.setattr(
        module,
        "PARAMETERS",
        tuple(
            dataclasses.replace(p, default=values.get(p.name, p.default)) for p in module.PARAMETERS
        ),
    )


def time_of(message):
    return stamps.seconds_from_stamp(message.header.stamp)


def statuses(messages, name):
    return [s for m in messages for s in m.status if s.name == name]


def value(status, key):
    return {pair.key: pair.value for pair in status.values}[key]


@pytest.mark.parametrize("pace", ["real_time", "as_consumed"])
def test_every_chunk_of_a_file_arrives_in_order_with_its_time(bench, monkeypatch, ramp, pace):
    overriding(monkeypatch, microphone, source=f"wav:{ramp}", pace=pace)
    sounds = bench.listen(Audio, topics.AUDIO, qos.SOUND)
    answers = bench.node.create_publisher(Voice, topics.VOICE, qos.STREAM)
    bench.node.create_subscription(
        Audio, topics.AUDIO, lambda a: answers.publish(Voice(header=a.header)), qos.SOUND
    )
    start(bench)
    messages = sounds.wait_for_count(CHUNKS)
    assert len(messages) == CHUNKS
    assert {m.sample_rate for m in messages} == {16000}
    assert {len(m.samples) for m in messages} == {512}
    times = np.array([time_of(m) for m in messages])
    np.testing.assert_allclose(times - times[0], np.arange(CHUNKS) * 0.032, atol=1e-5)
    samples = np.concatenate([np.array(m.samples) for m in messages])[:24000] / 32768
    # At the ends of the ramp the resampler rings.
    inner = slice(20, -20)
    np.testing.assert_allclose(samples[inner], np.linspace(-0.5, 0.5, 24000)[inner], atol=0.02)


def test_level_and_clipping_and_the_end_are_reported(bench, monkeypatch, tmp_path):
    path = tmp_path / "loud.wav"
    loud = np.sign(np.sin(2 * np.pi * 300 * np.arange(32000) / 16000)).astype(np.float32)
    loud[100] = np.nan
    soundfile.write(path, loud, 16000, subtype="FLOAT")
    overriding(monkeypatch, microphone, source=f"wav:{path}")
    bench.listen(Audio, topics.AUDIO, qos.SOUND)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    start(bench)
    warned = diagnostics.wait_for(
        lambda seen: [s for s in statuses(seen, "microphone") if s.level == DiagnosticStatus.WARN]
    )[0]
    assert "clipped" in warned.message
    assert float(value(warned, "clipped_percent")) > 90
    assert float(value(warned, "level_dbfs")) == pytest.approx(0, abs=0.2)
    ended = diagnostics.wait_for(
        lambda seen: [
            s
            for s in statuses(seen, "microphone")
            if value(s, capture_health.STATE) == capture_health.ENDED
        ]
    )[0]
    assert value(ended, capture_health.FAILURES) == "0"
    assert value(ended, "invalid_samples") == "1"
    assert value(ended, "chunks_dropped") == "0"


def test_deactivation_closes_the_file_and_activation_opens_it_again(bench, monkeypatch, ramp):
    overriding(monkeypatch, microphone, source=f"wav:{ramp}")
    sounds = bench.listen(Audio, topics.AUDIO, qos.SOUND)
    node = start(bench)
    sounds.wait_for_count(5)
    assert ramp.name in open_files()
    node.trigger_deactivate()
    assert ramp.name not in open_files()
    heard = len(sounds.messages)
    node.trigger_activate()
    sounds.wait_for_count(heard + 5)
    assert ramp.name in open_files()


def open_files():
    return {Path(file.path).name for file in psutil.Process().open_files()}


@pytest.mark.parametrize("damage", ["header", "empty", "missing"])
def test_a_file_that_cannot_be_heard_is_an_error_in_diagnostics_and_no_end(
    bench, monkeypatch, ramp, damage
):
    if damage == "header":
        ramp.write_bytes(b"\0" * 44 + ramp.read_bytes()[44:])
    elif damage == "empty":
        ramp.write_bytes(b"")
    else:
        ramp.unlink()
    overriding(monkeypatch, microphone, source=f"wav:{ramp}")
    bench.listen(Audio, topics.AUDIO, qos.SOUND)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    start(bench)
    errors = diagnostics.wait_for(
        lambda seen: [s for s in statuses(seen, "microphone") if s.level == DiagnosticStatus.ERROR]
    )
    assert str(ramp) in errors[0].message


class Unplugged:
    """A device that delivers three chunks, goes, and is back at the third attempt."""

    name = "microphone usb"
    realtime = True
    invalid_samples = 0

    def __init__(self):
        self.opened = 0
        self.chunks = 0
        self.is_open = False

    def open(self):
        self.opened += 1
        if self.opened == 2:
            raise NoMicrophoneError("microphone usb: no such device")
        self.is_open = True
        self.chunks = 0

    def read(self, clock):
        self.chunks += 1
        if self.opened == 1 and self.chunks > 3:
            raise MicrophoneLostError("microphone usb: delivers no sound any more")
        return AudioChunk(np.zeros(512, np.int16), clock())

    def close(self):
        self.is_open = False


def test_a_device_that_vanishes_is_reported_and_comes_back(bench, monkeypatch):
    device = Unplugged()
    monkeypatch.setattr(microphone, "parse_audio_source", lambda _text: device)
    sounds = bench.listen(Audio, topics.AUDIO, qos.SOUND)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    node = start(bench)
    sounds.wait_for_count(10)
    assert device.opened == 3
    found = diagnostics.wait_for(
        lambda seen: [
            s
            for s in statuses(seen, "microphone")
            if value(s, capture_health.FAILURES) == "2" and value(s, capture_health.STATE) == "open"
        ]
    )
    assert found[0].level == DiagnosticStatus.OK
    node.trigger_deactivate()
    assert not device.is_open


def test_a_computer_without_a_microphone_reports_it_and_goes_on(bench, monkeypatch):
    overriding(monkeypatch, microphone, source="device:no such device")
    bench.listen(Audio, topics.AUDIO, qos.SOUND)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    start(bench)
    errors = diagnostics.wait_for(
        lambda seen: [s for s in statuses(seen, "microphone") if s.level == DiagnosticStatus.ERROR]
    )
    assert value(errors[0], capture_health.STATE) in ("retrying", "ended")


def test_the_privacy_state_follows_the_device(bench, monkeypatch, ramp):
    overriding(monkeypatch, microphone, source=f"wav:{ramp}")
    bench.listen(Audio, topics.AUDIO, qos.SOUND)
    watcher = bench.add(Node("privacy"))
    PrivacyMonitor(watcher)
    states = bench.listen(Privacy, topics.PRIVACY, qos.STATUS)
    node = start(bench)

    def shown(state):
        return lambda seen: any(
            part.name == "microphone" and part.state == state for m in seen[-1:] for part in m.parts
        )

    states.wait_for(shown(1))
    node.trigger_deactivate()
    states.wait_for(shown(2))


@pytest.fixture
def video(tmp_path):
    """A video with a white picture and a click at the same instants."""
    path = tmp_path / "events.mkv"
    rate, fps, events = 48000, 25, (0.4, 0.8, 1.2)
    sound = np.zeros(2 * rate, np.int16)
    for event in events:
        sound[round(event * rate) : round((event + 0.01) * rate)] = 30000
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=fps)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for number in range(2 * fps):
            white = any(round(event * fps) == number for event in events)
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 255 * white, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(pictures.encode(frame))
        for begin in range(0, len(sound), 1600):
            block = av.AudioFrame.from_ndarray(sound[None, begin : begin + 1600], "s16", "mono")
            block.sample_rate, block.pts = rate, begin
            block.time_base = Fraction(1, rate)
            container.mux(track.encode(block))
        container.mux(pictures.encode(None))
        container.mux(track.encode(None))
    return path


def test_sound_and_pictures_of_one_video_have_the_same_capture_times(bench, monkeypatch, video):
    overriding(monkeypatch, camera, source=f"video:{video}")
    overriding(monkeypatch, microphone, source=f"video:{video}", follow_camera=True)
    pictures = bench.listen(Image, topics.IMAGE, qos.STREAM)
    sounds = bench.listen(Audio, topics.AUDIO, qos.SOUND)
    start(bench)
    picture_node = bench.add(CameraNode())
    picture_node.autostart()
    chunks = sounds.wait_for_count(62)
    flashes = pictures.wait_for(
        lambda seen: (
            len(white := [time_of(m) for m in seen if np.mean(m.data) > 128]) == 3 and white
        )
    )
    samples = np.concatenate([np.array(m.samples) for m in chunks])
    loud = time_of(chunks[0]) + np.flatnonzero(np.abs(samples) > 15000) / 16000
    clicks = loud[np.diff(loud, prepend=0) > 0.1]
    np.testing.assert_allclose(clicks, flashes, atol=0.003)


def test_the_sound_waits_for_the_camera(bench, monkeypatch, video):
    overriding(monkeypatch, microphone, source=f"video:{video}", follow_camera=True)
    sounds = bench.listen(Audio, topics.AUDIO, qos.SOUND)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    start(bench)
    diagnostics.wait_for(lambda seen: len(statuses(seen, "microphone")) >= 2)
    assert sounds.messages == []
    origins = bench.node.create_publisher(Time, topics.RECORDING_ORIGIN, qos.STATUS)
    now = bench.node.get_clock().now().nanoseconds * 1e-9 + 0.5
    origins.publish(stamps.stamp_from_seconds(now))
    first = sounds.wait_for_count(1)[0]
    assert time_of(first) == pytest.approx(now, abs=1e-6)


@pytest.mark.parametrize(
    ("bench", "message"),
    [
        ({"source": "trumpet"}, "unknown microphone"),
        ({"source": "wav:"}, "path of the file is missing"),
        ({"pace": "whenever"}, "microphone.pace"),
    ],
    indirect=["bench"],
)
def test_a_parameter_that_cannot_be_is_named(bench, message):
    with pytest.raises((runner.ConfigurationError, runner.ParameterError), match=message):
        MicrophoneNode()
