"""Sound files of all kinds, good and bad."""

import numpy as np
import pytest
import soundfile
from sound_files import clicks, tone, write_sound, write_video

from emotion_core.audio.audio_file import AudioFile, has_sound
from emotion_core.audio.chunks import (
    CHUNK_SAMPLES,
    AudioFileEmptyError,
    AudioFileMissingError,
    AudioSpecificationError,
    NoAudioTrackError,
    NotAudioError,
)
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.audio.sources import parse_audio_source
from emotion_core.vision.video_file import VideoFile

pytestmark = pytest.mark.unit


def heard(path):
    """Return all samples and the chunks' times."""
    source = AudioFile(path)
    source.open()
    chunks = []
    while (chunk := source.read()) is not None:
        chunks.append(chunk)
    source.close()
    assert all(c.samples.shape == (CHUNK_SAMPLES,) and c.samples.dtype == np.int16 for c in chunks)
    return np.concatenate([c.samples for c in chunks]), np.array([c.time for c in chunks]), source


def strongest_hertz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * SAMPLE_RATE / len(samples)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_number_of_channels_becomes_16_khz_mono(tmp_path, rate, channels):
    sound = tone(1.0, rate)
    path = write_sound(tmp_path / "a.wav", np.stack([sound] * channels, axis=1), rate)
    samples, times, _ = heard(path)
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=CHUNK_SAMPLES)
    assert strongest_hertz(samples[2000:14000]) == pytest.approx(440, abs=2)
    inner = samples[2000:14000] / 32768
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    np.testing.assert_allclose(times, np.arange(len(times)) * 0.032)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_resampling_does_not_shift_the_sound(tmp_path, rate):
    path = write_sound(tmp_path / "a.wav", clicks(2.0, rate, (0.5, 1.5)), rate)
    samples, _, _ = heard(path)
    loud = np.flatnonzero(np.abs(samples) > 14000) / SAMPLE_RATE
    assert loud[0] == pytest.approx(0.5, abs=0.001)
    assert loud[loud > 1][0] == pytest.approx(1.5, abs=0.001)


def test_stereo_is_the_mean_of_both_sides(tmp_path):
    left = tone(0.5, 16000)
    path = write_sound(tmp_path / "a.wav", np.stack([left, -left], axis=1), 16000)
    samples, _, _ = heard(path)
    assert np.abs(samples).max() <= 2


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.flac", "PCM_16"), ("a.flac", "PCM_24"), ("a.wav", "PCM_U8"), ("a.wav", "PCM_24"),
     ("a.wav", "FLOAT"), ("a.wav", "DOUBLE"), ("a.ogg", "VORBIS")],
)  # fmt: skip
def test_formats(tmp_path, name, subtype):
    samples, _, _ = heard(write_sound(tmp_path / name, tone(0.6, 16000), 16000, subtype))
    assert strongest_hertz(samples[1000:9000]) == pytest.approx(440, abs=3)
    assert np.abs(samples[1000:9000]).max() / 32768 == pytest.approx(0.5, abs=0.03)


def test_what_is_no_number_becomes_silence_and_is_counted(tmp_path):
    sound = tone(0.5, 16000)
    sound[1000:1010] = np.nan
    sound[2000], sound[2001] = np.inf, -np.inf
    samples, _, source = heard(write_sound(tmp_path / "a.wav", sound, 16000, "FLOAT"))
    assert source.invalid_samples == 12
    assert not samples[1000:1010].any()
    assert not samples[2000:2002].any()
    assert samples[1020:1100].any()


def test_no_number_does_not_spread_through_the_resampler(tmp_path):
    sound = tone(1.0, 44100)
    sound[20000] = np.nan
    samples, _, source = heard(write_sound(tmp_path / "a.wav", sound, 44100, "FLOAT"))
    assert source.invalid_samples == 1
    assert strongest_hertz(samples[2000:14000]) == pytest.approx(440, abs=2)


def test_values_beyond_full_scale_are_clipped(tmp_path):
    samples, _, _ = heard(
        write_sound(tmp_path / "a.wav", tone(0.5, 16000, amplitude=1e30), 16000, "FLOAT")
    )
    assert samples.max() == 32767
    assert samples.min() == -32768


def test_the_last_chunk_is_filled_with_silence(tmp_path):
    path = write_sound(tmp_path / "a.wav", np.full(700, 0.5, np.float32), 16000)
    samples, times, _ = heard(path)
    assert len(times) == 2
    assert samples[:700].all()
    assert not samples[700:].any()


def test_a_file_can_be_opened_again_from_its_start(tmp_path):
    path = write_sound(tmp_path / "a.wav", clicks(1.0, 16000, (0.1,)), 16000)
    source = AudioFile(path)
    source.open()
    first = source.read()
    source.read()
    source.open()
    again = source.read()
    assert again.time == first.time
    np.testing.assert_array_equal(again.samples, first.samples)


@pytest.mark.parametrize("sound_starts", [0.0, 0.4])
def test_sound_and_pictures_of_a_video_have_one_origin(tmp_path, sound_starts):
    events = (0.8, 1.6, 2.4)
    path = write_video(
        tmp_path / "a.mkv",
        flashes=events,
        sound=clicks(3.0 - sound_starts, 48000, tuple(e - sound_starts for e in events)),
        sound_starts=sound_starts,
    )
    samples, times, _ = heard(path)
    assert times[0] == pytest.approx(sound_starts, abs=0.002)
    loud = times[0] + np.flatnonzero(np.abs(samples) > 14000) / SAMPLE_RATE
    begins = loud[np.diff(loud, prepend=-1) > 0.1]
    video = VideoFile(path)
    video.open()
    flashes = []
    while (frame := video.read()) is not None:
        if frame.image.mean() > 128:
            flashes.append(frame.time)
    video.close()
    np.testing.assert_allclose(flashes, events, atol=0.002)
    np.testing.assert_allclose(begins, flashes, atol=0.002)


def test_the_clip_has_its_sound_from_the_first_picture_on(clip):
    source = AudioFile(clip)
    source.open()
    assert source.read().time == 0.0
    source.close()
    assert has_sound(clip)


def test_a_missing_file(tmp_path):
    with pytest.raises(AudioFileMissingError, match=r"absent\.wav: no such file"):
        AudioFile(tmp_path / "absent.wav").open()


def test_a_folder(tmp_path):
    with pytest.raises(NotAudioError, match="is no file"):
        AudioFile(tmp_path).open()


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioFileEmptyError, match=r"empty\.wav: is empty"):
        AudioFile(path).open()


def test_a_wav_without_a_sample(tmp_path):
    path = write_sound(tmp_path / "none.wav", np.zeros(0, np.float32), 16000)
    with pytest.raises(AudioFileEmptyError, match=r"none\.wav.*no sample"):
        AudioFile(path).open()


@pytest.mark.parametrize("damage", ["magic", "header", "format", "text"])
def test_a_broken_header_is_named(tmp_path, damage):
    path = write_sound(tmp_path / "broken.wav", tone(0.5, 16000), 16000)
    content = bytearray(path.read_bytes())
    if damage == "magic":
        content[0:12] = b"\0" * 12
    elif damage == "header":
        content[0:44] = b"\0" * 44
    elif damage == "format":
        content[8:40] = b"\xff" * 32
    else:
        content[:] = b"this is a letter and no sound\n" * 20
    path.write_bytes(content)
    with pytest.raises((NotAudioError, AudioFileEmptyError), match=r"broken\.wav"):
        AudioFile(path).open()
    assert not has_sound(path)


def test_a_truncated_file_is_heard_to_where_it_ends(tmp_path):
    path = write_sound(tmp_path / "cut.flac", tone(2.0, 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    samples, _, _ = heard(path)
    assert 0.3 * SAMPLE_RATE < len(samples) < 1.8 * SAMPLE_RATE


def test_a_video_without_sound(tmp_path):
    path = write_video(tmp_path / "silent.mkv", flashes=())
    with pytest.raises(NoAudioTrackError, match=r"silent\.mkv.*no sound track"):
        AudioFile(path).open()
    assert not has_sound(path)


def test_a_picture(tmp_path, data_root):
    with pytest.raises((NotAudioError, NoAudioTrackError), match="single_face"):
        AudioFile(data_root / "clips" / "single_face.jpg").open()


def test_names_of_sources(tmp_path):
    path = write_sound(tmp_path / "a.wav", tone(0.1, 16000), 16000)
    assert not parse_audio_source(f"wav:{path}").realtime
    assert parse_audio_source("device").realtime
    assert parse_audio_source("device:3").name == "microphone 3"
    assert parse_audio_source("device:USB Audio").name == "microphone USB Audio"
    for text in ("trumpet", "wav:", "video:", ""):
        with pytest.raises(AudioSpecificationError):
            parse_audio_source(text)


def test_the_same_samples_as_another_reader(data_root):
    path = data_root / "clips" / "jfk.flac"
    samples, _, _ = heard(path)
    values, rate = soundfile.read(path, dtype="float32")
    assert len(samples) == pytest.approx(len(values) * SAMPLE_RATE / rate, abs=CHUNK_SAMPLES)
    low = np.fft.rfft(samples[: 10 * SAMPLE_RATE] / 32768)[: 10 * 3000]
    other = np.fft.rfft(values[: 10 * rate].mean(axis=1))[: 10 * 3000] * SAMPLE_RATE / rate
    assert np.corrcoef(np.abs(low), np.abs(other))[0, 1] > 0.999
