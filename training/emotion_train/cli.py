"""The command ``emotion-train``."""

from __future__ import annotations

from typing import Any

import typer
import typer.core

from emotion_core.inference.session import ModelError
from emotion_train.commands import evaluate, export, train
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
app.add_typer(train.app)
app.add_typer(export.app, name="export")
app.add_typer(evaluate.app, name="evaluate")


if __name__ == "__main__":
    app()
