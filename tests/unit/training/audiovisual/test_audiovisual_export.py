from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from audiovisual_runs import Write, load, train

from emotion_core.inference.expression import ExpressionModel
from emotion_core.inference.fusion import FusionModel
from emotion_core.inference.voice import VoiceModel
from emotion_train.export.audiovisual import export_audiovisual
from emotion_train.export.files import ExportError
from emotion_train.runs import load_run
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.fusion.bank import feature_rows

pytestmark = pytest.mark.unit


def test_exported_models_say_what_the_run_says(
    prepared: Callable[[str], Path], write: Write, tmp_path: Path
) -> None:
    run = train(write(prepared("crema-d")), tmp_path / "run")
    files = export_audiovisual(run, tmp_path / "models")
    face, voice = ExpressionModel(files[0].graph), VoiceModel(files[1].graph)
    fusion = FusionModel(files[2].graph)
    assert voice.window_seconds == 1.5
    experiment, _, module = load_run(run)
    batch = AudioVisualDataModule(experiment).valid[torch.tensor([0])]  # type: ignore[arg-type]
    with torch.no_grad():
        output = module(batch)
    probabilities = (output.logits[0] / files[2].temperature).softmax(dim=1).numpy()
    faces = feature_rows(face.predict(batch.crops.numpy()))
    voices = feature_rows(voice.predict(batch.windows.numpy()))
    memory = fusion.blank()
    for step, presence in enumerate(batch.presence[0].numpy()):
        # A missing modality may hold anything, here the newest of the others.
        features = [
            faces[[int(batch.crop_at[0, step])]],
            voices[[int(batch.window_at[0, step])]],
            batch.words[0, [step]].numpy(),
        ]
        scores = fusion.step(features, presence[None], memory)
        memory = scores.memory
        # The export rounds kernels to half precision.
        np.testing.assert_allclose(scores.probabilities[0], probabilities[step], atol=5e-3)


@pytest.mark.parametrize(
    ("corpus", "override", "reason"),
    [
        ("crema-d", "data.modalities=[face, voice]", "trained on face, voice alone"),
        ("semaine", "trainer.epochs=1", "trained without emotions"),
    ],
)
def test_a_run_that_the_robot_cannot_use_is_not_exported(
    prepared: Callable[[str], Path],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    corpus: str,
    override: str,
    reason: str,
) -> None:
    experiment = load(write(prepared(corpus)), override)
    monkeypatch.setattr(
        "emotion_train.export.audiovisual.load_run",
        lambda *_: (experiment, None, AudioVisualModule(experiment)),
    )
    with pytest.raises(ExportError, match=reason):
        export_audiovisual(tmp_path / "run", tmp_path / "models")
