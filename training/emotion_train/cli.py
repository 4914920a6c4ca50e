"""The command ``emotion-train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from emotion_core.resources import cache_directory
from rich.console import Console

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Train, study, evaluate and export the models of emotion_bot.",
)
export_app = typer.Typer(no_args_is_help=True, help="Write networks as ONNX graphs.")
app.add_typer(export_app, name="export")

console = Console()


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


if __name__ == "__main__":
    app()
