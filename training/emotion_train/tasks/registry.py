"""Which tasks there are, and how an experiment file finds its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from emotion_train.experiment import Experiment, ExperimentError, read_settings
from emotion_train.report.page import Section
from emotion_train.tasks.affect_video.data import AffectVideoDataModule
from emotion_train.tasks.affect_video.module import AffectVideoModule
from emotion_train.tasks.affect_video.report import affect_video_sections
from emotion_train.tasks.affect_video.settings import AffectVideoExperiment
from emotion_train.tasks.audiovisual.data import AudioVisualDataModule
from emotion_train.tasks.audiovisual.module import AudioVisualModule
from emotion_train.tasks.audiovisual.report import audiovisual_sections
from emotion_train.tasks.audiovisual.settings import AudioVisualExperiment
from emotion_train.tasks.base import TaskData, TaskModule
from emotion_train.tasks.face.data import FaceDataModule
from emotion_train.tasks.face.module import FaceModule
from emotion_train.tasks.face.report import face_sections
from emotion_train.tasks.face.settings import FaceExperiment
from emotion_train.tasks.fusion.data import FusionDataModule
from emotion_train.tasks.fusion.module import FusionModule
from emotion_train.tasks.fusion.report import fusion_sections
from emotion_train.tasks.fusion.settings import FusionExperiment
from emotion_train.tasks.text.data import TextDataModule
from emotion_train.tasks.text.module import TextModule
from emotion_train.tasks.text.report import text_sections
from emotion_train.tasks.text.settings import TextExperiment
from emotion_train.tasks.voice.data import VoiceDataModule
from emotion_train.tasks.voice.module import VoiceModule
from emotion_train.tasks.voice.report import voice_sections
from emotion_train.tasks.voice.settings import VoiceExperiment


@dataclass(frozen=True)
class Task:
    """One kind of training.

    Attributes:
        experiment: the settings its experiment files are checked against.
        data: makes the Lightning data module.
        module: makes the Lightning module, network included.
        report: returns what the run's report shows of a trained module and its data.
        monitor: the validation figure that chooses the best checkpoint.
        mode: ``max`` or ``min``: which direction of it is better.
    """

    experiment: type[Experiment]
    data: Callable[[Any], TaskData]
    module: Callable[[Any], TaskModule]
    report: Callable[[Any, Any], list[Section]]
    monitor: str
    mode: str


TASKS: dict[str, Task] = {
    "face": Task(FaceExperiment, FaceDataModule, FaceModule, face_sections, "val/accuracy", "max"),
    "affect_video": Task(
        AffectVideoExperiment,
        AffectVideoDataModule,
        AffectVideoModule,
        affect_video_sections,
        "val/loss",
        "min",
    ),
    "audiovisual": Task(
        AudioVisualExperiment,
        AudioVisualDataModule,
        AudioVisualModule,
        audiovisual_sections,
        "val/score",
        "max",
    ),
    "fusion": Task(
        FusionExperiment, FusionDataModule, FusionModule, fusion_sections, "val/accuracy", "max"
    ),
    "text": Task(TextExperiment, TextDataModule, TextModule, text_sections, "val/score", "max"),
    "voice": Task(VoiceExperiment, VoiceDataModule, VoiceModule, voice_sections, "val/uar", "max"),
}


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> tuple[Experiment, Task]:
    """Read, override and check an experiment file.

    Raises:
        ExperimentError: if it cannot be read, its task is unknown or a setting is wrong; the
            message lists every wrong setting.
    """
    content = read_settings(path, overrides)
    task = TASKS.get(str(content.get("task")))
    if task is None:
        raise ExperimentError(f"{path}: task {content.get('task')!r} is none of {', '.join(TASKS)}")
    try:
        return task.experiment.model_validate(content), task
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ExperimentError(f"{path}: {faults}") from error
