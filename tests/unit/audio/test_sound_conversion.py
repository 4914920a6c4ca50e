"""Chunks, levels and the ring of the newest sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sound_files import tone

from emotion_core.audio.chunks import CHUNK_SAMPLES
from emotion_core.audio.conversion import ChunkStream, float_samples, int16_samples
from emotion_core.audio.level import SILENCE_DBFS, LevelMeter
from emotion_core.audio.sound_buffer import SoundBuffer

pytestmark = pytest.mark.unit


@settings(deadline=None, max_examples=100)
@given(
    arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(width=32)),
    st.sampled_from([8000, 16000, 44100, 48000]),
)
def test_any_floats_become_chunks(samples, rate):
    stream = ChunkStream(rate)
    chunks = [*stream.push(samples), *stream.finish()]
    assert stream.invalid_samples == int((~np.isfinite(samples)).sum())
    assert all(c.shape == (CHUNK_SAMPLES,) and c.dtype == np.int16 for c in chunks)
    expected = len(samples) * 16000 / rate
    assert abs(len(chunks) * CHUNK_SAMPLES - expected) <= CHUNK_SAMPLES + 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 900), max_size=12))
def test_how_the_input_is_split_does_not_matter(lengths):
    sound = tone(sum(lengths) / 16000, 16000)
    whole = ChunkStream(16000)
    expected = [*whole.push(sound), *whole.finish()]
    pieces = ChunkStream(16000)
    found = []
    for piece in np.split(sound, np.cumsum(lengths)):
        found += pieces.push(piece)
    found += pieces.finish()
    assert len(found) == len(expected)
    assert all((a == b).all() for a, b in zip(found, expected, strict=True))


def test_integer_types_have_the_same_full_scale():
    for dtype in (np.int16, np.int32):
        limits = np.iinfo(dtype)
        found = float_samples(np.array([limits.min, 0, limits.max], dtype))
        np.testing.assert_allclose(found, [-1, 0, 1], atol=1e-4)
    np.testing.assert_allclose(float_samples(np.array([0, 128], np.uint8)), [-1, 0])
    with pytest.raises(TypeError, match="complex"):
        float_samples(np.zeros(3, np.complex64))
    values = np.arange(-32768, 32768, dtype=np.int16)
    np.testing.assert_array_equal(int16_samples(float_samples(values)), values)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_cannot_be(rate):
    with pytest.raises(ValueError, match="rate"):
        ChunkStream(rate)


def test_level_of_a_sine_and_of_silence():
    meter = LevelMeter()
    meter.add(int16_samples(tone(0.5, 16000, 500.0, 0.5)))
    level = meter.read()
    assert level.rms_dbfs == pytest.approx(-9.03, abs=0.05)
    assert level.peak == pytest.approx(0.5, abs=0.001)
    assert level.clipped == 0
    assert meter.read().rms_dbfs == SILENCE_DBFS
    meter.add(np.zeros(512, np.int16))
    assert meter.read().rms_dbfs == SILENCE_DBFS


def test_clipping_is_measured():
    meter = LevelMeter()
    meter.add(int16_samples(tone(1.0, 16000, 500.0, 2.0)))
    # A sine of twice the full scale is beyond it for two thirds of the time.
    assert meter.read().clipped == pytest.approx(2 / 3, abs=0.03)


def test_the_buffer_finds_sound_by_its_time():
    buffer = SoundBuffer(1.0)
    values = np.arange(32000).astype(np.int16)
    for begin in range(0, 32000, 512):
        buffer.append(values[begin : begin + 512], 10 + begin / 16000)
    assert buffer.end == pytest.approx(12.0)
    assert buffer.start == pytest.approx(11.0)
    np.testing.assert_array_equal(buffer.read(11.25, 11.5), values[20000:24000])
    np.testing.assert_array_equal(buffer.read(0.0, 11.1), values[16000:17600])
    assert not len(buffer.read(12.5, 13.0))
    assert not len(buffer.read(11.5, 11.2))


def test_a_gap_makes_the_buffer_forget():
    buffer = SoundBuffer(1.0)
    assert not buffer.append(np.ones(512, np.int16), 10.0)
    assert buffer.append(np.ones(512, np.int16), 10.033)
    assert not buffer.append(np.full(512, 2, np.int16), 11.0)
    assert buffer.gaps == 1
    assert (buffer.read(0.0, 20.0) == 2).all()
    assert buffer.start == pytest.approx(11.0)


def test_of_sound_longer_than_the_buffer_the_end_is_kept():
    buffer = SoundBuffer(0.5)
    buffer.append(np.arange(10000).astype(np.int16), 5.0)
    assert buffer.end == pytest.approx(5.625)
    np.testing.assert_array_equal(buffer.read(0.0, 9.0), np.arange(2000, 10000).astype(np.int16))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=60))
def test_the_newest_sound_is_kept_whatever_the_pieces(lengths):
    buffer = SoundBuffer(0.1)
    values = np.arange(sum(lengths)).astype(np.int16)
    at = 0
    for length in lengths:
        buffer.append(values[at : at + length], at / 16000)
        at += length
    np.testing.assert_array_equal(buffer.read(-1.0, at / 16000), values[-1600:])
