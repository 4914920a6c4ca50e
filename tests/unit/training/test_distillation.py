from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emotion_train.curves import read_curves
from emotion_train.distillation import Teachers, load_teachers
from emotion_train.errors import TrainingError
from emotion_train.experiment import Distillation
from emotion_train.fit import fit
from emotion_train.tasks.base import TaskModule
from emotion_train.tasks.registry import load_experiment

pytestmark = [pytest.mark.unit, pytest.mark.slow]


def train(file: Path, directory: Path, *overrides: str) -> Path:
    experiment, task = load_experiment(file, overrides)
    fit(experiment, task, directory, accelerator="cpu", devices=1)
    return directory


def weights(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "last.ckpt", weights_only=True)["state_dict"]
    return state


@pytest.fixture(scope="module")
def teacher(face_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("teacher")
    file = directory / "tiny.yaml"
    file.write_text(
        f"name: tiny\ntask: face\n"
        f"data: {{path: {face_folder}, batch_size: 14}}\n"
        "network: {name: expression_net, widths: [8, 16], depths: [1, 1]}\n"
        "optimizer: {name: adam, learning_rate: 0.01, schedule: {name: constant}}\n"
        "trainer: {epochs: 6}\n"
    )
    return train(file, directory / "run")


class Opinion(TaskModule):
    """Says the same of everything."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.network = torch.nn.Identity()
        self.logits = torch.tensor([logits])

    def backbone(self) -> tuple[()]:
        return ()


def asked(module: TaskModule) -> torch.Tensor:
    assert isinstance(module, Opinion)
    return module.logits


def test_agreeing_with_the_mean_of_the_teachers_costs_least() -> None:
    opinions = [Opinion([4.0, 0.0, 0.0]), Opinion([0.0, 4.0, 0.0])]
    settings = Distillation(teachers=(Path("a"), Path("b")), weight=0.5, temperature=2.0)
    teachers = Teachers(opinions, settings)
    mean = teachers.probabilities(asked)
    torch.testing.assert_close(mean.sum(dim=1), torch.ones(1))
    assert mean[0, 0] == mean[0, 1] > mean[0, 2]
    agreeing = (mean.log() * settings.temperature).requires_grad_()
    loss = teachers.loss(agreeing, asked)
    loss.backward()  # type: ignore[no-untyped-call]
    assert agreeing.grad is not None
    torch.testing.assert_close(agreeing.grad, torch.zeros(1, 3))
    assert teachers.loss(opinions[0].logits, asked) > loss


def test_a_student_comes_nearer_to_its_teacher(teacher: Path, tmp_path: Path) -> None:
    file = teacher / "experiment.yaml"
    # Labels alone would make another network of another seed.
    options = (f"distillation.teachers=[{teacher}]", "distillation.weight=4", "seed=7")
    student = train(file, tmp_path / "student", *options)
    losses = [row["train/loss_teachers"] for row in read_curves(student)]
    assert losses[-1] < losses[0]
    assert set(weights(student)) == set(weights(teacher))


def test_a_run_of_another_task_cannot_teach(teacher: Path) -> None:
    with pytest.raises(TrainingError, match="is a run of another task"):
        load_teachers(Distillation(teachers=(teacher,)), Opinion([0.0]))
