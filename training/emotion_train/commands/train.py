"""``emotion-train fit``, ``sweep``, ``ablate``, ``prepare``, ``explain`` and ``zoo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from emotion_core.resources import cache_directory

if TYPE_CHECKING:
    from emotion_core.vision.mtcnn import MtcnnDetector

console = Console(soft_wrap=True)
app = typer.Typer()


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


@app.command("compare")
def compare_command(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, also of those under way.")],
    figure: Annotated[
        str | None, typer.Option(help="Such as val/macro_f1; what the task chooses by.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Picture of the curves (png, svg, pdf).")] = None,
) -> None:
    """Put the curves of several runs side by side."""
    from emotion_train.report.comparison import compare_run, comparison_figure

    compared = [compare_run(run, figure) for run in runs]
    table = Table("run", "figure", "best", "in epoch", "epochs")
    for run in compared:
        table.add_row(run.name, run.figure, f"{run.best:.4f}", str(run.epoch), str(run.epochs))
    console.print(table)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        comparison_figure(compared).savefig(out, dpi=120)


def _detector() -> MtcnnDetector:
    """Return the robot's detector; its networks are made when they are not there."""
    from emotion_core.vision.mtcnn import MtcnnDetector
    from emotion_train.export.mtcnn import export_mtcnn

    networks = cache_directory() / "mtcnn"
    export_mtcnn(networks)
    return MtcnnDetector(networks)


@app.command("prepare")
def prepare_command(
    dataset: Annotated[str, typer.Argument(help="affwild, crema-d, meld, ravdess or semaine.")],
    data: Annotated[Path, typer.Option(help="Folder of the corpus.")],
    out: Annotated[Path, typer.Option(help="Folder for the prepared files.")],
) -> None:
    """Cut and cache what a corpus needs before it can be trained on; interrupt it at will."""
    from emotion_train.corpora.catalogue import PREPARE

    if dataset not in PREPARE:
        known = ", ".join(PREPARE)
        raise typer.BadParameter(f"{dataset!r} needs no preparation or is unknown; know: {known}")
    preparation = PREPARE[dataset](data, out, _detector())
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
    from emotion_train.explain.face import explain_file, load_face_module

    module = load_face_module(weights or models_directory() / "face.safetensors")
    detector = _detector()
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
