"""``emotion-train export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from emotion_core.resources import cache_directory

if TYPE_CHECKING:
    # The module brings torch, which the help of the command need not wait for.
    from emotion_train.export.files import ExportedModel

console = Console(soft_wrap=True)
app = typer.Typer(no_args_is_help=True, help="Write networks as ONNX graphs.")


def _announce(exported: ExportedModel) -> None:
    console.print(
        f"wrote {exported.graph} and {exported.weights}, temperature {exported.temperature:.3f}"
    )


@app.command("mtcnn")
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


@app.command("face")
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
    _announce(exported)


@app.command("voice")
def export_voice_command(
    run: Annotated[Path, typer.Argument(help="Folder of a voice run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write voice.onnx and voice.safetensors."""
    from emotion_core.resources import models_directory
    from emotion_train.export.voice import export_voice

    exported = export_voice(run, out or models_directory(), checkpoint=checkpoint)
    _announce(exported)


@app.command("text")
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


@app.command("fusion")
def export_fusion_command(
    run: Annotated[Path, typer.Argument(help="Folder of a fusion run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; models/.")] = None,
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write fusion.onnx and fusion.safetensors."""
    from emotion_core.resources import models_directory
    from emotion_train.export.fusion import export_fusion

    exported = export_fusion(run, out or models_directory(), checkpoint=checkpoint)
    _announce(exported)


@app.command("audiovisual")
def export_audiovisual_command(
    run: Annotated[Path, typer.Argument(help="Folder of an audiovisual run.")],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    checkpoint: Annotated[str, typer.Option(help="best or last.")] = "best",
) -> None:
    """Write face, voice and fusion of a run that was trained end to end."""
    from emotion_train.export.audiovisual import export_audiovisual

    for part in export_audiovisual(run, out, checkpoint=checkpoint):
        console.print(f"wrote {part.graph} and {part.weights}")
