from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from emotion_train.export.mtcnn import STAGES, Stage, export_mtcnn

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mtcnn")
    export_mtcnn(path)
    return path


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@pytest.mark.parametrize("batch", [1, 5])
def test_graph_agrees_with_torch(directory: Path, stage: Stage, batch: int) -> None:
    sides = (37, 61) if stage.fully_convolutional else (stage.side, stage.side)
    images = torch.rand(batch, 3, *sides, generator=torch.Generator().manual_seed(0)) * 2 - 1
    session = onnxruntime.InferenceSession(str(directory / f"{stage.name}.onnx"))
    assert tuple(output.name for output in session.get_outputs()) == stage.outputs
    with torch.no_grad():
        expected = stage.network()(images)
    for actual, wanted in zip(session.run(None, {"images": images.numpy()}), expected, strict=True):
        np.testing.assert_allclose(actual, wanted.numpy(), atol=1e-4)


def test_second_export_writes_nothing(directory: Path) -> None:
    assert export_mtcnn(directory) == []


def test_missing_graph_is_made_again(directory: Path) -> None:
    (directory / "rnet.onnx").unlink()
    assert directory / "rnet.onnx" in export_mtcnn(directory)


def test_damaged_manifest_is_replaced(directory: Path) -> None:
    (directory / "manifest.json").write_text("{", encoding="utf-8")
    assert len(export_mtcnn(directory)) == len(STAGES)
    assert export_mtcnn(directory) == []
