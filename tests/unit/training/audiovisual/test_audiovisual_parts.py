from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.regression import ConcordanceCorrCoef

from emotion_core.affect import Emotion
from emotion_core.audio.features import SAMPLE_RATE
from emotion_core.fusion.evidence import ModalityScores
from emotion_train.corpora.errors import CorpusError
from emotion_train.corpora.recording_clips import ClipDescription
from emotion_train.corpora.recordings import Sentence
from emotion_train.tasks.audiovisual.evidence import (
    NOTHING,
    cut_window,
    heard_windows,
    sentence_at,
)
from emotion_train.tasks.audiovisual.losses import concordance
from emotion_train.tasks.audiovisual.module import drop_modalities
from emotion_train.tasks.audiovisual.network import log_features
from emotion_train.tasks.audiovisual.settings import RecordingsSettings
from emotion_train.tasks.audiovisual.splits import divide

pytestmark = pytest.mark.unit


def test_speakers_are_divided_once() -> None:
    clips = [
        ClipDescription(Path(f"{n}"), f"s{n % 20}", "", Emotion.SAD, (), 10, False, "")
        for n in range(60)
    ]
    settings = RecordingsSettings(prepared=Path("x"), valid_share=0.2, test_share=0.1)
    parts = divide(clips, settings)
    speakers = {split: {clip.speaker for clip in part} for split, part in parts.items()}
    assert [len(speakers[split]) for split in ("train", "valid", "test")] == [14, 4, 2]
    assert len(set.union(*speakers.values())) == 20
    assert divide(clips, settings) == parts
    with pytest.raises(CorpusError, match="2 speakers are too few"):
        divide(clips[:2], settings)


def test_windows_grow_with_an_utterance_and_grow_old() -> None:
    sound = np.zeros(4 * SAMPLE_RATE, np.float32)
    sound[8000:24000] = 0.5  # from 0.5 s to 1.5 s
    heard = heard_windows(sound, 40, window_seconds=0.8, hop_seconds=0.3)
    seconds = [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in heard.spans]
    assert seconds == [(0.5, 1.0), (0.5, 1.3)]
    # What ends at a step's time has been heard at it; a second later it counts for nothing.
    assert heard.at.tolist() == [NOTHING] * 10 + [0] * 3 + [1] * 11 + [NOTHING] * 16


def test_a_pause_begins_a_new_utterance_and_silence_is_no_voice() -> None:
    sound = np.zeros(4 * SAMPLE_RATE, np.float32)
    sound[:16000] = sound[32000:48000] = 0.5
    heard = heard_windows(sound, 40, window_seconds=3.0, hop_seconds=0.5)
    starts = {start / SAMPLE_RATE for start, _ in heard.spans}
    assert starts == {0.0, 2.0}
    for nothing in (np.zeros(SAMPLE_RATE, np.float32), np.zeros(0, np.float32)):
        assert (heard_windows(nothing, 10, 3.0, 0.5).at == NOTHING).all()


def test_window_is_cut_at_the_robots_level() -> None:
    sound = np.linspace(0, 0.2, 100, dtype=np.float32)
    window = cut_window(sound, (20, 60), 50)
    assert not window[:10].any()
    np.testing.assert_allclose(window[10:], sound[20:60] / sound[59], rtol=1e-6)
    assert len(cut_window(sound, (0, 100), 30)) == 30


def test_the_last_sentence_counts_for_its_lifetime() -> None:
    at = sentence_at((Sentence("a", 0.25), Sentence("b", 1.0)), 60)
    assert at[:3].tolist() == [NOTHING] * 3
    assert set(at[3:10]) == {0}
    assert set(at[10:50]) == {1}
    assert set(at[50:]) == {NOTHING}


def test_features_are_those_the_robot_makes() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 7, generator=random) * 8
    affect, embedding = torch.rand(5, 2, generator=random), torch.rand(5, 4, generator=random)
    rows = log_features(logits, affect, embedding)
    for row, *parts in zip(rows, logits.softmax(dim=1), affect, embedding, strict=True):
        scores = ModalityScores(*(part.numpy() for part in parts), time=0.0)
        np.testing.assert_allclose(row.numpy(), scores.features(), rtol=1e-4, atol=1e-6)


def test_concordance_is_that_of_torchmetrics() -> None:
    random = torch.Generator().manual_seed(0)
    predicted = torch.randn(50, 2, generator=random)
    wanted = predicted * 0.5 + torch.randn(50, 2, generator=random) + 0.3
    metric = ConcordanceCorrCoef(num_outputs=2)
    # torchmetrics divides by one less.
    torch.testing.assert_close(
        concordance(predicted, wanted), metric(predicted, wanted), atol=0.01, rtol=0.05
    )
    torch.testing.assert_close(concordance(wanted, wanted), torch.ones(2))


@pytest.mark.parametrize("constant", ["predicted", "wanted"])
def test_concordance_with_a_constant_is_zero_and_can_be_differentiated(constant: str) -> None:
    random = torch.Generator().manual_seed(0)
    values = {name: torch.rand(9, 2, generator=random) for name in ("predicted", "wanted")}
    values[constant][:, 0] = 0.5
    predicted = values["predicted"].requires_grad_()
    agreement = concordance(predicted, values["wanted"])
    assert agreement[0].abs() < 1e-6
    agreement.sum().backward()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_one_modality_always_stays() -> None:
    torch.manual_seed(0)
    presence = (torch.rand(200, 5, 3) < 0.4).float()
    presence[0] = 0.0
    dropped = drop_modalities(presence, 0.9)
    had, has = presence.any(dim=1).sum(dim=1), dropped.any(dim=1).sum(dim=1)
    assert ((has > 0) == (had > 0)).all()
    assert has.float().mean() < 1.5
    assert ((dropped == presence) | (dropped == 0)).all()
    assert drop_modalities(presence, 0.0) is presence
