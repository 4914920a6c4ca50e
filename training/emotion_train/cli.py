"""The command ``emotion-train``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console
from rich.table import Table

from emotion_core.inference.expression import ModelError
from emotion_core.resources import cache_directory
from emotion_train.errors import TrainingError


class CleanErrors(typer.core.TyperGroup):
    """Ends with a message instead of a traceback when the user's input is at fault."""

    def invoke(self, *arguments: Any, **options: Any) -> Any:
        """Run the command; status 1 after a known error."""
        try:
            return super().invoke(*arguments, **options)
        except (TrainingError, ModelError) as error:
            typer.echo(f"emotion-train: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=CleanErrors,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Train, study, evaluate and export the models of emotion_bot.",
)
export_app = typer.Typer(no_args_is_help=True, help="Write networks as ONNX graphs.")
app.add_typer(export_app, name="export")
evaluate_app = typer.Typer(no_args_is_help=True, help="Figures of the shipped models.")
app.add_typer(evaluate_app, name="evaluate")

console = Console(soft_wrap=True)


@app.command("fit", context_settings={"ignore_unknown_options": True})
def fit_command(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (YAML).")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Settings over the file's: key.part=value …")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="How many, or auto.")] = "auto",
    hosts: Annotated[int, typer.Option(min=1, help="Machines, started with torchrun.")] = 1,
) -> None:
    """Train what an experiment file describes."""
    from emotion_train.fit import fit
    from emotion_train.tasks.registry import load_experiment

    settings, task = load_experiment(experiment, overrides or ())
    directory = out or Path("runs") / settings.name
    result = fit(
        settings,
        task,
        directory,
        resume=resume,
        accelerator=accelerator,
        devices=int(devices) if devices.isdigit() else devices,
        hosts=hosts,
    )
    console.print(f"{task.monitor} {result.score:.4f}: {result.checkpoint}")


@app.command("sweep")
def sweep_command(
    series: Annotated[Path, typer.Argument(help="File of the search (YAML).")],
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; runs/NAME.")] = None,
    storage: Annotated[
        str | None, typer.Option(help="Optuna database that several workers share.")
    ] = None,
) -> None:
    """Search for the best settings: grid, random or Bayesian."""
    from emotion_train.study.settings import Sweep, read_series
    from emotion_train.study.sweep import run_sweep

    settings = read_series(series, Sweep)
    study = run_sweep(settings, out or Path("runs") / settings.name, storage)
    table = Table("trial", "score", "settings", title=settings.name)
    for trial in sorted(study.trials, key=lambda trial: trial.number):
        score = "" if trial.value is None else f"{trial.value:.4f}"
        table.add_row(str(trial.number), score, json.dumps(trial.params))
    console.print(table)


@app.command("ablate")
def ablate_command(
    series: Annotated[Path, typer.Argument(help="File of the variants (YAML).")],
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; runs/NAME.")] = None,
) -> None:
    """Train a recipe with one thing changed at a time."""
    from emotion_train.study.ablation import run_ablation
    from emotion_train.study.settings import Ablation, read_series

    settings = read_series(series, Ablation)
    results = run_ablation(settings, out or Path("runs") / settings.name)
    table = Table("variant", "mean", "deviation", "runs", title=settings.name)
    for result in results:
        table.add_row(
            result.name, f"{result.mean:.4f}", f"{result.deviation:.4f}", str(len(result.scores))
        )
    console.print(table)


@app.command("prepare")
def prepare_command(
    dataset: Annotated[str, typer.Argument(help="affwild, crema-d, meld, ravdess or semaine.")],
    data: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    out: Annotated[Path, typer.Option(help="Folder for the prepared files.")],
) -> None:
    """Cut and cache what a corpus needs before it can be trained on; interrupt it at will."""
    from emotion_core.vision.mtcnn import MtcnnDetector
    from emotion_train.corpora.catalogue import PREPARE
    from emotion_train.export.mtcnn import export_mtcnn

    if dataset not in PREPARE:
        known = ", ".join(PREPARE)
        raise typer.BadParameter(f"{dataset!r} needs no preparation or is unknown; know: {known}")
    networks = cache_directory() / "mtcnn"
    export_mtcnn(networks)
    preparation = PREPARE[dataset](data, out, MtcnnDetector(networks))
    console.print(
        f"{len(preparation.files)} videos are prepared in {out}, {len(preparation.broken)} left out"
    )
    for reason in preparation.broken:
        console.print(f"left out: {reason}")


@app.command("explain")
def explain_command(
    files: Annotated[list[Path], typer.Argument(help="Pictures and videos.")],
    out: Annotated[Path, typer.Option(help="Folder for the explained pictures.")],
    weights: Annotated[Path | None, typer.Option(help="face.safetensors; the shipped one.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Of a video, one frame in so many.")] = 25,
) -> None:
    """Show by Grad-CAM what the face model looks at."""
    from emotion_core.resources import models_directory
    from emotion_core.vision.mtcnn import MtcnnDetector
    from emotion_train.explain.face import explain_file, load_face_module
    from emotion_train.export.mtcnn import export_mtcnn

    module = load_face_module(weights or models_directory() / "face.safetensors")
    networks = cache_directory() / "mtcnn"
    export_mtcnn(networks)
    detector = MtcnnDetector(networks)
    for path in files:
        written = explain_file(module, detector, path, out, every)
        found = f"{len(written)} pictures in {out}" if written else "no face"
        console.print(f"{path}: {found}")


@app.command("zoo")
def zoo_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """List every network with its number of parameters and its source."""
    from emotion_train.zoo import ZOO

    sizes = [(entry, entry.size()) for entry in ZOO]
    if as_json:
        rows = [
            {
                "name": entry.name,
                "parameters": entry.parameters(),
                "trainable": size.trainable,
                "task": entry.task,
                "source": entry.source,
            }
            for entry, size in sizes
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("network", "task", "source")
    table.add_column("parameters", justify="right")
    table.add_column("trainable", justify="right")
    for entry, size in sizes:
        table.add_row(
            entry.name, entry.task, entry.source, f"{entry.parameters():,}", f"{size.trainable:,}"
        )
    console.print(table)


def _write_report(report: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


@evaluate_app.command("face")
def evaluate_face_command(
    data: Annotated[Path, typer.Option(help="Folder of splits or emotions, zip or fer2013.csv.")],
    json_path: Annotated[Path, typer.Option("--json", help="File for the figures.")],
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    weights: Annotated[Path | None, typer.Option(help="ONNX file; the shipped one.")] = None,
    votes: Annotated[Path | None, typer.Option(help="FER+ votes, for a second table.")] = None,
) -> None:
    """Accuracy, macro F1, calibration and figures per class of the face model."""
    from emotion_core.inference.expression import ExpressionModel
    from emotion_core.resources import models_directory
    from emotion_train.evaluation.face import evaluate_face
    from emotion_train.evaluation.tables import figures_table

    model = ExpressionModel(weights or models_directory() / "face.onnx")
    evaluation = evaluate_face(model, data, split, votes)
    _write_report(evaluation.report(), json_path)
    console.print(figures_table(f"{split}: labels", evaluation.label))
    if evaluation.majority is not None:
        console.print(figures_table(f"{split}: annotators' majority", evaluation.majority))


@evaluate_app.command("voice")
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
    for fault in evaluation.broken:
        console.print(f"left out: {fault}")


@evaluate_app.command("text")
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
    for fault in evaluation.broken:
        console.print(f"left out: {fault}")


@evaluate_app.command("fusion")
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


@export_app.command("mtcnn")
def export_mtcnn_command(
    out: Annotated[
        Path | None, typer.Option(help="Folder for the graphs; the user's cache by default.")
    ] = None,
) -> None:
    """Write the three networks of the face detector MTCNN."""
    from emotion_train.export.mtcnn import export_mtcnn

    directory = out or cache_directory() / "mtcnn"
    written = export_mtcnn(directory)
    if written:
        for path in written:
            console.print(f"wrote {path}")
    else:
        console.print(f"{directory} is up to date")


@export_app.command("face")
def export_face_command(
    run: Annotated[Path, typer.Argument(help="Folder of a face run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
    quantised: Annotated[bool, typer.Option(help="int8; or float32.")] = True,
) -> None:
    """Write face.onnx and face.safetensors."""
    from emotion_core.resources import models_directory
    from emotion_train.export.face import export_face

    exported = export_face(
        run, out or models_directory(), checkpoint=checkpoint, quantised=quantised
    )
    console.print(
        f"wrote {exported.graph} and {exported.weights}, temperature {exported.temperature:.3f}"
    )


@export_app.command("voice")
def export_voice_command(
    run: Annotated[Path, typer.Argument(help="Folder of a voice run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write voice.onnx and voice.safetensors."""
    from emotion_core.resources import models_directory
    from emotion_train.export.voice import export_voice

    exported = export_voice(run, out or models_directory(), checkpoint=checkpoint)
    console.print(
        f"wrote {exported.graph} and {exported.weights}, temperature {exported.temperature:.3f}"
    )


@export_app.command("text")
def export_text_command(
    run: Annotated[Path, typer.Argument(help="Folder of a text run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
    quantised: Annotated[bool, typer.Option(help="int8 weights, or float32.")] = True,
) -> None:
    """Write text.onnx and text_tokenizer.json."""
    from emotion_core.resources import models_directory
    from emotion_train.export.text import export_text

    directory = out or models_directory()
    exported = export_text(run, directory, checkpoint=checkpoint, quantised=quantised)
    console.print(
        f"wrote {exported.graph} and {exported.tokenizer}, temperature {exported.temperature:.3f}"
    )


@export_app.command("fusion")
def export_fusion_command(
    run: Annotated[Path, typer.Argument(help="Folder of a fusion run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write fusion.onnx and fusion.safetensors."""
    from emotion_core.resources import models_directory
    from emotion_train.export.fusion import export_fusion

    exported = export_fusion(run, out or models_directory(), checkpoint=checkpoint)
    console.print(
        f"wrote {exported.graph} and {exported.weights}, temperature {exported.temperature:.3f}"
    )


@export_app.command("audiovisual")
def export_audiovisual_command(
    run: Annotated[Path, typer.Argument(help="Folder of an audiovisual run.")],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write face, voice and fusion of a run that was trained end to end."""
    from emotion_train.export.audiovisual import export_audiovisual

    for part in export_audiovisual(run, out, checkpoint=checkpoint):
        console.print(f"wrote {part.graph} and {part.weights}")


if __name__ == "__main__":
    app()
