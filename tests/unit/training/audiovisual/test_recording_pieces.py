"""What a network gets of a recording does not depend on the pieces it is cut into."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emotion_core.audio.features import SAMPLE_RATE
from emotion_train.corpora.recording_clips import (
    RecordingClip,
    describe_recording_clip,
    load_recording_clip,
    store_recording_clip,
)
from emotion_train.corpora.recordings import Sentence
from emotion_train.tasks.audiovisual.data import AudioVisualBatch, RecordingDataset
from emotion_train.tasks.audiovisual.settings import AudioVisualData, RecordingsSettings
from emotion_train.tasks.audiovisual.splits import cut_pieces
from emotion_train.tasks.audiovisual.words import SentenceFeatures

pytestmark = pytest.mark.unit

STEPS = 200


def recording(sound_seconds: float) -> RecordingClip:
    """A face that now and then is hidden, and a voice with pauses that grows louder."""
    random = np.random.default_rng(0)
    boxes = random.random((STEPS, 4), np.float32)
    boxes[random.random(STEPS) < 0.2] = np.nan
    samples = round(sound_seconds * SAMPLE_RATE)
    voice = random.normal(0, np.linspace(500, 2000, samples), samples)
    voice[(np.arange(samples) // SAMPLE_RATE) % 3 == 0] = 0
    return RecordingClip(
        "talk",
        "a",
        "",
        "",
        random.integers(0, 256, (STEPS, 48, 48), np.uint8),
        boxes,
        voice.astype(np.int16),
        (Sentence("Hello.", 3.2),),
        None,
        random.random((STEPS, 2), np.float32),
    )


@pytest.fixture(params=[20.03, 18.0, 0.0], ids="{} s of sound".format)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "talk.safetensors"
    store_recording_clip(recording(request.param), path, "fingerprint")
    return path


def everything(batch: AudioVisualBatch) -> list[np.ndarray]:
    """Return what is there at each step inside the pieces, one after the other."""
    inside = batch.inside.numpy()
    gathered = []
    for rows, at in ((batch.crops, batch.crop_at), (batch.windows, batch.window_at)):
        with_nothing = np.concatenate([rows, np.zeros((1, *rows.shape[1:]), rows.numpy().dtype)])
        gathered.append(with_nothing[at.numpy()][inside])
    others = (batch.words, batch.presence, batch.ratings)
    return [*gathered, *(part[inside].numpy() for part in others)]


def test_pieces_are_parts_of_the_whole(file: Path) -> None:
    described = describe_recording_clip(file)
    sentences = SentenceFeatures([said.text for said in described.sentences])
    found = []
    for segment in (100.0, 7.0, 1.5):
        # The tail is so long that the last of the short pieces have neither face nor sound.
        settings = AudioVisualData(
            corpora=(RecordingsSettings(prepared=file.parent),), segment=segment, tail=3.0
        )
        dataset = RecordingDataset(cut_pieces(described, settings), settings, sentences)
        found.append(everything(dataset[torch.arange(len(dataset))]))
    whole, *cut = found
    crops, windows = whole[:2]
    assert crops.any()
    assert windows.any() == bool(len(load_recording_clip(file).samples))
    for parts in cut:
        for ours, wanted in zip(parts, whole, strict=True):
            np.testing.assert_array_equal(ours, wanted)
    assert len(crops) == STEPS + 30


@pytest.mark.parametrize(
    ("first", "end"), [(0, None), (0, 0), (7, 60), (190, 230), (200, 230), (210, 230)]
)
def test_a_part_of_a_file_is_that_of_its_arrays(file: Path, first: int, end: int | None) -> None:
    steps, samples = slice(first, end), slice(1600 * first, end and 1600 * end)
    part, whole = load_recording_clip(file, steps, samples), load_recording_clip(file)
    wanted = {"faces": steps, "boxes": steps, "ratings": steps, "samples": samples}
    for name, span in wanted.items():
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[span])
        assert getattr(part, name).dtype == getattr(whole, name).dtype
    assert part.sentences == whole.sentences
