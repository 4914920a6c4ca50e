"""Speech recognisers: the one inside the package on real speech, others by name."""

import itertools
import json

import numpy as np
import pytest

from emotion_core.audio.audio_file import AudioFile
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.audio.recognizer import RecognizerError, make_recognizer

pytestmark = [pytest.mark.unit, pytest.mark.slow]

SPOKEN = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)


def word_error_rate(reference, hypothesis):
    """Return substitutions, deletions and insertions per word of the reference."""
    wanted, found = reference.split(), hypothesis.split()
    distances = list(range(len(found) + 1))
    for row, word in enumerate(wanted, 1):
        previous, distances[0] = distances[0], row
        for column, other in enumerate(found, 1):
            substituted = previous + (word != other)
            previous = distances[column]
            distances[column] = min(substituted, previous + 1, distances[column - 1] + 1)
    return distances[-1] / len(wanted)


@pytest.fixture(scope="module")
def sphinx():
    return make_recognizer("pocketsphinx")


@pytest.fixture(scope="module")
def speech(data_root):
    source = AudioFile(data_root / "clips" / "jfk.flac")
    source.open()
    chunks = []
    while (chunk := source.read()) is not None:
        chunks.append(chunk.samples)
    return np.concatenate(chunks)


def recognize(recognizer, samples, step=4000):
    recognizer.begin()
    partials = []
    for begin in range(0, len(samples), step):
        recognizer.feed(samples[begin : begin + step])
        partials.append(recognizer.partial())
    return recognizer.finish(), partials


def test_most_words_of_clear_speech(sphinx, speech):
    # The three utterances that voice activity cuts.
    hypotheses = []
    for begin, end in ((0.05, 2.94), (3.0, 5.12), (5.12, 11.0)):
        part = speech[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        hypothesis, partials = recognize(sphinx, part)
        hypotheses.append(hypothesis)
        assert any(p is not None and p.text for p in partials)
        assert 0 < hypothesis.confidence <= 1
        words = hypothesis.words
        assert " ".join(word.text for word in words) == hypothesis.text
        assert all(0 <= w.start < w.end <= end - begin + 0.1 for w in words)
        assert all(a.end <= b.start + 1e-6 for a, b in itertools.pairwise(words))
    said = " ".join(hypothesis.text for hypothesis in hypotheses)
    # 0.50 was measured; the recording is of 1961, and the model a small one.
    assert word_error_rate(SPOKEN, said) <= 0.6, said
    first = hypotheses[0].words[0]
    assert first.text == "and"
    assert first.start == pytest.approx(0.27, abs=0.15)


def test_silence_has_no_words(sphinx):
    hypothesis, _ = recognize(sphinx, np.zeros(2 * SAMPLE_RATE, np.int16))
    assert hypothesis.text == ""
    assert hypothesis.confidence == 0


def test_an_utterance_too_short_for_a_word(sphinx):
    sphinx.begin()
    assert sphinx.finish().text == ""
    assert recognize(sphinx, np.zeros(100, np.int16))[0].text == ""


def test_an_abandoned_utterance_leaves_nothing_behind(sphinx, speech):
    part = speech[: 3 * SAMPLE_RATE]
    expected, _ = recognize(sphinx, part)
    sphinx.begin()
    sphinx.feed(speech[5 * SAMPLE_RATE : 7 * SAMPLE_RATE])
    assert recognize(sphinx, part)[0].text == expected.text


def test_none_is_no_recognizer():
    assert make_recognizer("none") is None


def test_a_folder_without_a_model_is_named(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(RecognizerError, match=r"holds no model for speech recognition"):
        make_recognizer(str(tmp_path))


def test_a_model_that_is_neither_here_nor_reachable_says_so(monkeypatch):
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RecognizerError, match=r"'nobody/no-such-model': neither a folder.*none"):
        make_recognizer("nobody/no-such-model")


@pytest.fixture
def tiny_ctc_model(tmp_path):
    """An untrained Wav2Vec2 of a few thousand parameters in the layout of the hub."""
    transformers = pytest.importorskip("transformers")
    vocabulary = {"<pad>": 0, "<unk>": 1, "|": 2, "a": 3, "b": 4}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(
        tmp_path / "vocab.json", pad_token="<pad>", unk_token="<unk>", word_delimiter_token="|"
    )
    extractor = transformers.Wav2Vec2FeatureExtractor()
    transformers.Wav2Vec2Processor(extractor, tokenizer).save_pretrained(tmp_path)
    config = transformers.Wav2Vec2Config(
        vocab_size=5,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_stride=(10, 16),
        conv_kernel=(10, 16),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        pad_token_id=0,
    )
    transformers.Wav2Vec2ForCTC(config).save_pretrained(tmp_path)
    return tmp_path


def test_any_model_of_transformers_in_a_folder(tiny_ctc_model):
    recognizer = make_recognizer(str(tiny_ctc_model))
    sound = np.random.default_rng(0).integers(-9000, 9000, SAMPLE_RATE).astype(np.int16)
    hypothesis, partials = recognize(recognizer, sound)
    assert set(partials) == {None}
    assert set(hypothesis.text) <= set("ab <unk>")
    assert 0 <= hypothesis.confidence <= 1
    again, _ = recognize(recognizer, sound)
    assert again == hypothesis
    recognizer.begin()
    assert recognizer.finish().text == ""
