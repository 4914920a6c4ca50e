"""``emotion-train evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

console = Console(soft_wrap=True)
app = typer.Typer(no_args_is_help=True, help="Figures of the shipped models.")


def _write_report(report: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _list_faults(broken: Iterable[str]) -> None:
    for fault in broken:
        console.print(f"left out: {fault}")


@app.command("face")
def evaluate_face_command(
    data: Annotated[Path, typer.Option(help="Folder of splits or emotions, zip or fer2013.csv.")],
    json_path: Annotated[Path, typer.Option("--json", help="File for the figures.")],
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    weights: Annotated[
        Path | None, typer.Option(help="ONNX file, or a run's folder; the shipped model.")
    ] = None,
    votes: Annotated[Path | None, typer.Option(help="FER+ votes, for a second table.")] = None,
) -> None:
    """Accuracy, macro F1, calibration and figures per class of the face model."""
    from emotion_core.inference.expression import ExpressionModel
    from emotion_core.resources import models_directory
    from emotion_train.evaluation.face import ExportedFace, FaceReader, evaluate_face
    from emotion_train.evaluation.tables import figures_table

    reader: FaceReader
    if weights is not None and weights.is_dir():
        from emotion_train.evaluation.face_run import FaceRun

        reader = FaceRun(weights)
    else:
        reader = ExportedFace(ExpressionModel(weights or models_directory() / "face.onnx"))
    evaluation = evaluate_face(reader, data, split, votes)
    _write_report(evaluation.report(), json_path)
    console.print(figures_table(f"{split}: labels", evaluation.label))
    if evaluation.majority is not None:
        console.print(figures_table(f"{split}: annotators' majority", evaluation.majority))


@app.command("voice")
def evaluate_voice_command(
    data: Annotated[Path, typer.Option(help="Folder of wav or flac files, however nested.")],
    json_path: Annotated[Path, typer.Option("--json", help="File for the figures.")],
    dataset: Annotated[str, typer.Option(help="ravdess or emodb.")],
    split: Annotated[str, typer.Option(help="all, train, valid or test: whole speakers.")] = "all",
    weights: Annotated[Path | None, typer.Option(help="ONNX file; the shipped one.")] = None,
    speaker: Annotated[
        list[int] | None, typer.Option(help="Only this speaker; may be given several times.")
    ] = None,
    snr: Annotated[float | None, typer.Option(help="Add noise at this ratio in dB.")] = None,
    noise: Annotated[str, typer.Option(help="Colour of the noise: white or pink.")] = "white",
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
) -> None:
    """Unweighted average recall, accuracy and figures per class of the voice model."""
    from emotion_core.inference.voice import VoiceModel
    from emotion_core.resources import models_directory
    from emotion_train.evaluation.tables import figures_table
    from emotion_train.evaluation.voice import Noise, evaluate_voice

    if noise not in ("white", "pink"):
        raise typer.BadParameter(f"noise is white or pink, not {noise!r}")
    evaluation = evaluate_voice(
        VoiceModel(weights or models_directory() / "voice.onnx"),
        data,
        dataset,
        split=split,
        speakers=speaker or (),
        noise=None if snr is None else Noise(snr, noise, seed),
    )
    _write_report(evaluation.report(), json_path)
    console.print(figures_table(f"{dataset}, {split}", evaluation.figures))
    console.print(f"unweighted average recall {evaluation.uar:.4f}")
    _list_faults(evaluation.broken)


@app.command("text")
def evaluate_text_command(
    data: Annotated[Path, typer.Option(help="The corpus's own file or folder.")],
    json_path: Annotated[Path, typer.Option("--json", help="File for the figures.")],
    dataset: Annotated[str, typer.Option(help="meld, goemotions or emobank.")],
    split: Annotated[
        str | None, typer.Option(help="train, dev or test; dev, or test where there is no dev.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="ONNX file with its tokenizer beside it; the shipped one.")
    ] = None,
    contexts: Annotated[bool, typer.Option(help="Use what was said before.")] = True,
    transcripts: Annotated[
        bool, typer.Option(help="Take punctuation and capitals away, as speech recognition does.")
    ] = False,
) -> None:
    """F1 scores and accuracy, or Pearson correlations, of the text model."""
    from emotion_core.inference.text import TextModel
    from emotion_core.resources import models_directory
    from emotion_train.evaluation.text import evaluate_text

    evaluation = evaluate_text(
        TextModel(weights or models_directory() / "text.onnx"),
        data,
        dataset,
        split,
        contexts=contexts,
        transcripts=transcripts,
    )
    _write_report(evaluation.report(), json_path)
    table = Table("figure", "value", title=f"{dataset}, {evaluation.split}")
    for name, value in evaluation.flat_figures().items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    console.print(table)
    _list_faults(evaluation.broken)


@app.command("fusion")
def evaluate_fusion_command(
    data: Annotated[Path, typer.Option(help="Folder with fer2013, ravdess and text/meld.")],
    json_path: Annotated[Path, typer.Option("--json", help="File for the figures.")],
    split: Annotated[str, typer.Option(help="valid or test, of every corpus.")] = "valid",
    weights: Annotated[Path | None, typer.Option(help="ONNX file; the shipped one.")] = None,
    timelines: Annotated[int, typer.Option(min=1, help="How many are composed.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Of their composition.")] = 1,
) -> None:
    """Accuracy, delay and calibration on composed timelines, with modalities missing or wrong."""
    from emotion_core.inference.fusion import FusionModel
    from emotion_core.resources import models_directory
    from emotion_train.evaluation.fusion import evaluate_fusion, held_out_sources

    evaluation = evaluate_fusion(
        FusionModel(weights or models_directory() / "fusion.onnx"),
        held_out_sources(data, split),
        timelines=timelines,
        seed=seed,
    )
    _write_report(evaluation.report(), json_path)
    table = Table("condition", "accuracy", "delay in s", "calibration error")
    conditions = list(evaluation.present.items())
    conditions += [(f"wrong {name}", row) for name, row in evaluation.contradicting.items()]
    for name, row in conditions:
        table.add_row(name, f"{row.accuracy:.4f}", f"{row.delay_s:.2f}", f"{row.ece:.4f}")
    console.print(table)
