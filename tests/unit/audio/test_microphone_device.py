"""A PortAudio device, played by a small fake of the module sounddevice."""

import contextlib
import types

import numpy as np
import pytest

from emotion_core.audio import microphone
from emotion_core.audio.chunks import (
    CHUNK_SECONDS,
    MicrophoneLostError,
    NoAudioSystemError,
    NoMicrophoneError,
)
from emotion_core.audio.microphone import Microphone, list_microphones
from emotion_core.audio.sample_clock import SampleClock

pytestmark = pytest.mark.unit


class PortAudioError(Exception):
    pass


class Sound:
    """Stands for the module sounddevice, with the parts of it that are used."""

    PortAudioError = PortAudioError

    def __init__(self, *devices, rates=(16000.0,)):
        self.devices = [
            {"name": name, "max_input_channels": inputs, "default_samplerate": rate}
            for name, inputs, rate in devices
        ]
        self.rates = rates
        self.default = types.SimpleNamespace(device=[0, 0])
        self.streams = []
        self.initialized = 0

    def _terminate(self):
        pass

    def _initialize(self):
        self.initialized += 1

    def query_devices(self):
        return self.devices

    def check_input_settings(self, device, channels, samplerate, **_settings):
        if samplerate not in self.rates or channels > self.devices[device]["max_input_channels"]:
            raise PortAudioError("Invalid sample rate")

    def InputStream(self, **settings):  # noqa: N802
        stream = Stream(settings)
        self.streams.append(stream)
        return stream


class Stream:
    def __init__(self, settings):
        self.settings = settings
        self.started = self.closed = False
        self.count = 0

    def start(self):
        self.started = True

    def close(self):
        self.closed = True

    def deliver(self, samples, adc=1.0, now=1.0):
        """Call back as PortAudio does."""
        block = np.asarray(samples, np.float32).reshape(-1, self.settings["channels"])
        time = types.SimpleNamespace(inputBufferAdcTime=adc, currentTime=now)
        self.settings["callback"](block, len(block), time, None)


def everything(device, clock):
    """Return the chunks until the device has no more."""
    chunks = []
    with contextlib.suppress(MicrophoneLostError):
        while True:
            chunks.append(device.read(clock))
    return chunks


def test_a_device_with_16_khz_delivers_chunks_with_the_converters_time():
    sound = Sound(("Built-in", 1, 44100.0))
    device = Microphone(library=sound, monotonic=lambda: 50.0)
    device.open()
    stream = sound.streams[0]
    assert stream.started
    assert (stream.settings["samplerate"], stream.settings["blocksize"]) == (16000.0, 512)
    stream.deliver(np.full(512, 0.25), adc=7.0, now=7.04)
    chunk = device.read(lambda: 1000.0)
    assert chunk.time == pytest.approx(1000.0 - 0.04)
    assert (chunk.samples == 8192).all()
    device.close()
    assert stream.closed


def test_a_device_without_times_is_taken_to_deliver_at_once():
    sound = Sound(("Built-in", 1, 44100.0))
    device = Microphone(library=sound, monotonic=lambda: 50.0)
    device.open()
    sound.streams[0].deliver(np.zeros(512), adc=0.0, now=0.0)
    assert device.read(lambda: 1000.0).time == pytest.approx(1000.0 - CHUNK_SECONDS)


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 48000.0])
def test_a_device_that_refuses_16_khz_is_opened_at_its_own_rate(rate):
    sound = Sound(("USB", 2, rate), rates=(rate,))
    now = [0.0]
    device = Microphone(library=sound, monotonic=lambda: now[0], patience=0.01)
    device.open()
    stream = sound.streams[0]
    assert stream.settings["samplerate"] == rate == device.sample_rate
    block = stream.settings["blocksize"]
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(block * 60) / rate)
    for number in range(60):
        now[0] = number * block / rate
        stream.deliver(wave[number * block : (number + 1) * block])
    chunks = everything(device, lambda: 1000.0 + now[0])
    assert len(chunks) >= 57
    times = np.array([chunk.time for chunk in chunks])
    np.testing.assert_allclose(np.diff(times), CHUNK_SECONDS, atol=1e-3)
    assert times[0] == pytest.approx(1000.0, abs=0.002)
    samples = np.concatenate([chunk.samples for chunk in chunks])[2000:18000]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum.argmax() * 16000 / len(samples) == pytest.approx(440, abs=2)


def test_choosing_by_number_and_by_part_of_the_name():
    sound = Sound(("Speaker", 0, 48000.0), ("Built-in", 1, 44100.0), ("USB Audio", 1, 48000.0))
    for wanted, index in ((2, 2), ("usb", 2), (1, 1), (None, 1)):
        device = Microphone(wanted, library=sound)
        device.open()
        assert sound.streams[-1].settings["device"] == index


def test_only_inputs_are_listed():
    sound = Sound(("Speaker", 0, 48000.0), ("Built-in", 1, 44100.0))
    assert [device.index for device in list_microphones(sound)] == [1]


@pytest.mark.parametrize(
    ("devices", "wanted", "rates", "message"),
    [
        ((), None, (16000.0,), "no device to listen to"),
        ((("Speaker", 0, 48000.0),), None, (16000.0,), "no device to listen to"),
        ((("Built-in", 1, 44100.0),), 7, (16000.0,), "no such device; present: 0: Built-in"),
        ((("Built-in", 1, 44100.0),), "usb", (16000.0,), "no such device; present: 0: Built-in"),
        ((("Built-in", 1, 44100.0),), None, (), "refuses every sample rate"),
    ],
)
def test_a_device_that_cannot_be_used_is_named_and_may_be_tried_again(
    devices, wanted, rates, message
):
    with pytest.raises(NoMicrophoneError, match=message) as caught:
        Microphone(wanted, library=Sound(*devices, rates=rates)).open()
    assert caught.value.retryable


def test_a_device_that_falls_silent_is_lost_and_opening_looks_for_devices_anew():
    sound = Sound(("Built-in", 1, 44100.0))
    device = Microphone(library=sound, patience=0.01)
    device.open()
    with pytest.raises(MicrophoneLostError, match="no sound any more"):
        device.read(lambda: 0.0)
    device.open()
    assert sound.initialized == 2
    assert sound.streams[0].closed


def test_a_missing_portaudio_says_what_to_install(monkeypatch):
    def load(_name):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(microphone.importlib, "import_module", load)
    with pytest.raises(NoAudioSystemError, match="libportaudio2"):
        Microphone().open()
    with pytest.raises(NoAudioSystemError, match="libportaudio2"):
        list_microphones()


def test_a_computer_without_sound_hardware_has_no_microphone():
    pytest.importorskip("sounddevice", exc_type=OSError)
    if list_microphones():
        pytest.skip("this computer has one")
    with pytest.raises(NoMicrophoneError):
        Microphone().open()


def test_stamps_follow_the_sample_count_through_jitter():
    random = np.random.default_rng(0)
    clock = SampleClock(16000)
    late = random.exponential(0.004, 2000)
    times = np.array([clock.stamp(512, 100 + n * 0.032 + late[n]) for n in range(2000)])
    steps = np.diff(times)
    assert np.abs(steps - 0.032).max() < 0.002
    assert np.abs(times - (100 + np.arange(2000) * 0.032)).max() < 0.02
    assert clock.gaps == 0


def test_stamps_follow_a_device_whose_crystal_runs_fast():
    clock = SampleClock(16000)
    true_step = 512 / 16010
    times = np.array([clock.stamp(512, n * true_step) for n in range(20000)])
    assert np.abs(times - np.arange(20000) * true_step).max() < 0.005


def test_a_gap_is_counted_and_shows_in_the_stamps():
    clock = SampleClock(16000)
    clock.stamp(512, 10.0)
    assert clock.stamp(512, 11.0) == 11.0
    assert clock.gaps == 1
